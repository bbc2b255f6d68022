-- Rules about accounts and the customers they stand for, as broken on each date. A rule is looked at from the date on of
-- which its sources are known: what was not read yet cannot have been seen.
with dates as (
  select * from {{ ref('int_as_of_dates') }}
  where salesforce_known
),

pair_dates as (
  select * from dates
  where polaris_known
),

accounts as (
  select
    accounts.*,
    {{ salesforce_id_key('account_id') }} as account_key,
    {{ normalised_name('name') }} as normalised_name,
    {{ website_domain('website') }} as domain
  from {{ ref('int_salesforce__account_at_snapshot') }} as accounts
  where not is_deleted
),

users as (
  {{ at_snapshot(ref('stg_salesforce__user'), 'salesforce') }}
),

clusters as (
  select
    snapshot_load_id,
    customer_id,
    count(*) as clusters
  from {{ ref('int_polaris__clusters_at_snapshot') }}
  group by snapshot_load_id, customer_id
),

matched as (
  select * from {{ ref('int_customer_account') }}
),

-- Of accounts with the same name and domain the oldest is the one to keep.
same as (
  select
    snapshot_load_id,
    account_id,
    first_value(account_id) over (
      partition by snapshot_load_id, normalised_name, domain
      order by coalesce(created_at, {{ beginning_of_time() }}), account_id
      rows between unbounded preceding and unbounded following
    ) as first_account_id
  from accounts
  where normalised_name is not null and domain is not null
),

of_accounts as (
  select
    snapshot_load_id,
    'missing_owner' as rule_id,
    account_id as record_id,
    name as detail
  from accounts
  where owner_id is null
  union all
  select
    snapshot_load_id,
    'missing_region',
    account_id,
    name
  from accounts
  where coalesce(trim(billing_country), '') = ''
  union all
  select
    accounts.snapshot_load_id,
    'inactive_owner',
    accounts.account_id,
    accounts.name || ', owner ' || users.name
  from accounts
  inner join users
    on accounts.snapshot_load_id = users.snapshot_load_id
    and {{ salesforce_id_key('accounts.owner_id') }} = {{ salesforce_id_key('users.user_id') }}
  where not users.is_active
  union all
  select
    snapshot_load_id,
    'duplicate_account',
    account_id,
    'the same name and website as account ' || first_account_id
  from same
  where account_id <> first_account_id
),

claims as (
  select
    matched.polaris_load_id,
    matched.salesforce_load_id,
    matched.customer_id,
    string_agg(accounts.account_id, ', ' order by accounts.account_id) as account_ids
  from matched
  inner join accounts
    on matched.salesforce_load_id = accounts.snapshot_load_id
    and (matched.customer_id = accounts.polaris_customer_id or matched.named_account_id = accounts.account_id)
  where matched.conflict in ('several_accounts_claim', 'polaris_names_another')
  group by matched.polaris_load_id, matched.salesforce_load_id, matched.customer_id
),

account_customers as (
  select
    matched.polaris_load_id,
    matched.salesforce_load_id,
    matched.account_id,
    min(matched.customer_id) as customer_id,
    sum(coalesce(clusters.clusters, 0)) as clusters,
    max(case when matched.matched_by = 'polaris' then 1 else 0 end) = 1 as is_named_by_polaris_only
  from matched
  left join clusters
    on matched.polaris_load_id = clusters.snapshot_load_id
    and matched.customer_id = clusters.customer_id
  where matched.account_id is not null
  group by matched.polaris_load_id, matched.salesforce_load_id, matched.account_id
),

of_pairs as (
  select
    polaris_load_id,
    salesforce_load_id,
    'two_accounts_one_customer' as rule_id,
    customer_id as record_id,
    account_ids as detail
  from claims
  union all
  select
    polaris_load_id,
    salesforce_load_id,
    'customer_without_account',
    customer_id,
    case when conflict = 'named_account_not_live' then 'the account that Polaris names is not live' else 'neither system names one' end
  from matched
  where account_id is null and claiming_accounts = 0
  union all
  select
    account_customers.polaris_load_id,
    account_customers.salesforce_load_id,
    'account_without_polaris_id',
    accounts.account_id,
    'customer ' || account_customers.customer_id || ', ' || {{ count_text('account_customers.clusters', 'cluster') }}
  from account_customers
  inner join accounts
    on account_customers.salesforce_load_id = accounts.snapshot_load_id
    and account_customers.account_id = accounts.account_id
  where
    accounts.polaris_customer_id is null
    and account_customers.is_named_by_polaris_only
    and account_customers.clusters > 0
  union all
  select
    account_customers.polaris_load_id,
    account_customers.salesforce_load_id,
    'missing_renewal_date',
    accounts.account_id,
    accounts.name
  from account_customers
  inner join accounts
    on account_customers.salesforce_load_id = accounts.snapshot_load_id
    and account_customers.account_id = accounts.account_id
  where accounts.renewal_date is null
),

final as (
  select
    dates.as_of_date,
    of_accounts.rule_id,
    of_accounts.record_id,
    of_accounts.detail
  from of_accounts
  inner join dates on of_accounts.snapshot_load_id = dates.salesforce_load_id
  union all
  select
    pair_dates.as_of_date,
    of_pairs.rule_id,
    of_pairs.record_id,
    of_pairs.detail
  from of_pairs
  inner join pair_dates
    on of_pairs.polaris_load_id = pair_dates.polaris_load_id
    and of_pairs.salesforce_load_id = pair_dates.salesforce_load_id
)

select * from final
