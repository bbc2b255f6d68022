with accounts as (
  {{ current_state(ref('stg_salesforce__account'), 'salesforce') }}
),

users as (
  {{ current_state(ref('stg_salesforce__user'), 'salesforce') }}
),

customers as (
  select
    account_id,
    count(*) as polaris_customers
  from {{ ref('int_customer_account_current') }}
  where account_id is not null
  group by account_id
),

final as (
  select
    accounts.account_id,
    accounts.name as account_name,
    accounts.parent_id as parent_account_id,
    accounts.type as account_type,
    accounts.industry,
    accounts.billing_country,
    accounts.website,
    accounts.owner_id,
    users.name as owner_name,
    accounts.csm,
    accounts.cloud_provider,
    coalesce(accounts.target_account, false) as is_target_account,
    accounts.renewal_date,
    accounts.arr,
    coalesce(customers.polaris_customers, 0) as polaris_customers,
    accounts.created_at,
    accounts.modified_at
  from accounts
  left join users
    on {{ salesforce_id_key('accounts.owner_id') }} = {{ salesforce_id_key('users.user_id') }}
  left join customers on accounts.account_id = customers.account_id
  where not accounts.is_deleted
)

select * from final
