with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

roles as (
  {{ current_state(ref('stg_polaris__users'), 'polaris') }}
),

customers as (
  {{ current_state(ref('stg_polaris__customers'), 'polaris') }}
),

matched as (
  select * from {{ ref('int_customer_account_current') }}
),

staff as (
  {{ current_state(ref('stg_salesforce__user'), 'salesforce') }}
),

contacts as (
  {{ current_state(ref('stg_salesforce__contact'), 'salesforce') }}
),

entitlements as (
  {{ current_state(ref('stg_salesforce__entitlement'), 'salesforce') }}
),

subscriptions as (
  select subscriptions.*
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
  where
    subscriptions.is_in_tackle
    and subscriptions.from_hour <= {{ timestamp_add_hours('cast(newest.as_of_date as timestamp)', 23) }}
    and {{ timestamp_add_hours('cast(newest.as_of_date as timestamp)', 23) }} < subscriptions.to_hour
),

-- A customer's subscriptions are those of its clusters and those of its account.
bought as (
  select
    links.customer_id,
    count(*) as subscriptions_in_force
  from (
    select
      clusters.customer_id,
      clusters.subscription_id
    from {{ ref('int_cluster_subscriptions_as_of') }} as clusters
    inner join newest on clusters.as_of_date = newest.as_of_date
    union distinct
    select
      matched.customer_id,
      accounts.subscription_id
    from {{ ref('int_subscription_accounts_as_of') }} as accounts
    inner join newest on accounts.as_of_date = newest.as_of_date
    inner join matched on accounts.account_id = matched.account_id
  ) as links
  inner join subscriptions on links.subscription_id = subscriptions.subscription_id
  group by links.customer_id
),

-- What runs on premises is entitled in Salesforce alone. Its end date is the last day.
licensed as (
  select
    matched.customer_id,
    count(*) as entitlements_active
  from matched
  inner join entitlements
    on {{ salesforce_id_key('matched.account_id') }} = {{ salesforce_id_key('entitlements.account_id') }}
    and not entitlements.is_deleted
    and lower(entitlements.status) = 'active'
  cross join newest
  where
    (entitlements.start_date is null or entitlements.start_date <= newest.as_of_date)
    and (entitlements.end_date is null or newest.as_of_date <= entitlements.end_date)
  group by matched.customer_id
),

-- The vendor's own people: the domain that most of Salesforce's active users have. One row, of null where there is none.
staff_domains as (
  select
    {{ email_domain('email') }} as domain,
    count(*) as users
  from staff
  where is_active and email is not null
  group by 1
),

vendor as (
  select max(domain) as domain
  from (
    select domain
    from staff_domains
    where domain is not null
    order by users desc, domain
    limit 1
  ) as commonest
),

staff_emails as (
  select distinct lower(trim(email)) as email from staff
  where email is not null
),

-- A person may have several contacts; a live one counts before a deleted one, one of the customer's own account first.
contact_matches as (
  select
    roles.user_id,
    roles.customer_id,
    roles.role,
    contacts.contact_id,
    contacts.is_deleted,
    row_number() over (
      partition by roles.user_id, roles.customer_id, roles.role
      order by
        case when contacts.is_deleted then 1 else 0 end,
        case when {{ salesforce_id_key('contacts.account_id') }} = {{ salesforce_id_key('matched.account_id') }} then 0 else 1 end,
        contacts.contact_id
    ) as contact_rank
  from roles
  inner join contacts on lower(trim(roles.email)) = lower(trim(contacts.email))
  left join matched on roles.customer_id = matched.customer_id
),

owners as (
  select
    customer_id,
    sum(case when role = 'owner' then 1 else 0 end) as owners,
    sum(case when role = 'owner' and status = 'active' then 1 else 0 end) as active_owners
  from roles
  group by customer_id
),

joined as (
  select
    roles.user_id,
    roles.customer_id,
    roles.role,
    roles.email,
    roles.status,
    roles.granted_at,
    roles.last_login_at,
    matched.account_id,
    customers.status as customer_status,
    coalesce(bought.subscriptions_in_force, 0) as subscriptions_in_force,
    coalesce(licensed.entitlements_active, 0) as entitlements_active,
    contact_matches.contact_id,
    case
      when contact_matches.contact_id is null then 'none'
      when contact_matches.is_deleted then 'deleted'
      else 'live'
    end as contact_state,
    roles.role = 'internal_admin' as is_internal_role,
    coalesce({{ email_domain('roles.email') }} = vendor.domain, false) or staff_emails.email is not null as is_internal_user,
    owners.owners as customer_owners,
    owners.active_owners as customer_active_owners,
    newest.as_of_date
  from roles
  cross join newest
  cross join vendor
  left join customers on roles.customer_id = customers.customer_id
  left join matched on roles.customer_id = matched.customer_id
  left join bought on roles.customer_id = bought.customer_id
  left join licensed on roles.customer_id = licensed.customer_id
  left join staff_emails on lower(trim(roles.email)) = staff_emails.email
  left join contact_matches
    on roles.user_id = contact_matches.user_id
    and roles.customer_id = contact_matches.customer_id
    and roles.role = contact_matches.role
    and contact_matches.contact_rank = 1
  inner join owners on roles.customer_id = owners.customer_id
),

judged as (
  select
    joined.*,
    subscriptions_in_force + entitlements_active > 0 as has_active_entitlement,
    contact_state = 'live' as has_salesforce_contact,
    is_internal_user and not is_internal_role as is_internal_with_customer_role,
    status = 'disabled' or (contact_state = 'deleted' and not is_internal_user) as is_disabled_with_live_role,
    coalesce(customer_status = 'terminated', false) as is_of_terminated_customer,
    customer_owners = 0 as is_customer_without_owner,
    case
      when last_login_at is not null and cast(last_login_at as date) <= as_of_date
        then {{ date_diff_days('cast(last_login_at as date)', 'as_of_date') }}
    end as days_since_login
  from joined
),

final as (
  select
    user_id,
    customer_id,
    role,
    email,
    status,
    granted_at,
    last_login_at,
    days_since_login,
    account_id,
    customer_status,
    has_active_entitlement,
    subscriptions_in_force,
    entitlements_active,
    has_salesforce_contact,
    contact_state,
    contact_id,
    is_internal_user,
    is_internal_with_customer_role,
    is_disabled_with_live_role,
    is_of_terminated_customer,
    cast(customer_owners as {{ type_bigint() }}) as customer_owners,
    cast(customer_active_owners as {{ type_bigint() }}) as customer_active_owners,
    is_customer_without_owner,
    -- The vendor's own people need neither a contact nor an entitlement.
    is_internal_with_customer_role
    or is_disabled_with_live_role
    or is_of_terminated_customer
    or is_customer_without_owner
    or (not is_internal_user and not (has_active_entitlement and has_salesforce_contact)) as needs_review
  from judged
)

select * from final
