-- The Salesforce account of each Polaris customer, for each pair of snapshots that some as-of date uses.
with pairs as (
  select distinct
    polaris_load_id,
    salesforce_load_id
  from {{ ref('int_as_of_dates') }}
),

customers as (
  select
    pairs.polaris_load_id,
    pairs.salesforce_load_id,
    customers.customer_id,
    {{ salesforce_id_key('customers.salesforce_account_id') }} as named_account_key
  from pairs
  inner join {{ ref('int_polaris__customers_at_snapshot') }} as customers
    on pairs.polaris_load_id = customers.snapshot_load_id
),

accounts as (
  select
    snapshot_load_id,
    account_id,
    {{ salesforce_id_key('account_id') }} as account_key,
    polaris_customer_id
  from {{ ref('int_salesforce__account_at_snapshot') }}
  where not is_deleted
),

claims as (
  select
    customers.polaris_load_id,
    customers.salesforce_load_id,
    customers.customer_id,
    count(accounts.account_id) as claiming_accounts,
    min(accounts.account_id) as claiming_account_id,
    min(case when accounts.account_key = customers.named_account_key then accounts.account_id end) as confirmed_account_id
  from customers
  left join accounts
    on customers.salesforce_load_id = accounts.snapshot_load_id
    and customers.customer_id = accounts.polaris_customer_id
  group by customers.polaris_load_id, customers.salesforce_load_id, customers.customer_id
),

named as (
  select
    customers.polaris_load_id,
    customers.salesforce_load_id,
    customers.customer_id,
    customers.named_account_key,
    accounts.account_id as named_account_id
  from customers
  left join accounts
    on customers.salesforce_load_id = accounts.snapshot_load_id
    and customers.named_account_key = accounts.account_key
),

final as (
  select
    named.polaris_load_id,
    named.salesforce_load_id,
    named.customer_id,
    case
      when claims.claiming_accounts = 1 then claims.claiming_account_id
      when claims.claiming_accounts > 1 then claims.confirmed_account_id
      else named.named_account_id
    end as account_id,
    case
      when claims.confirmed_account_id is not null then 'both'
      when claims.claiming_accounts = 1 then 'salesforce'
      when claims.claiming_accounts = 0 and named.named_account_id is not null then 'polaris'
    end as matched_by,
    case
      when claims.claiming_accounts > 1 then 'several_accounts_claim'
      when claims.claiming_accounts = 1 and named.named_account_id is not null and claims.confirmed_account_id is null
        then 'polaris_names_another'
      when named.named_account_key is not null and named.named_account_id is null then 'named_account_not_live'
      when claims.claiming_accounts = 0 and named.named_account_id is null then 'no_account'
    end as conflict,
    claims.claiming_accounts,
    named.named_account_id
  from named
  inner join claims
    on named.polaris_load_id = claims.polaris_load_id
    and named.customer_id = claims.customer_id
    and named.salesforce_load_id = claims.salesforce_load_id
)

select * from final
