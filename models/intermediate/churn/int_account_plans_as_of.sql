{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The plans whose terms an account had begun by each as-of date, and whether one of them is in force: by subscription, and
-- `default` for clusters on premises, from the day they were created.
with dates as (
  select * from {{ dates_to_build(ref('int_as_of_dates')) }}
),

terms as (
  select
    accounts.as_of_date,
    accounts.account_id,
    subscriptions.rated_plan as plan,
    cast(subscriptions.starts_at as date) as start_date,
    {{ timestamp_add_hours('cast(accounts.as_of_date as timestamp)', 23) }} < subscriptions.to_hour as is_in_force
  from {{ dates_to_build(ref('int_subscription_accounts_as_of')) }} as accounts
  inner join dates on accounts.as_of_date = dates.as_of_date
  inner join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on coalesce(dates.tackle_load_id, 0) = subscriptions.snapshot_load_id
    and accounts.subscription_id = subscriptions.subscription_id
    and subscriptions.is_in_tackle
    and subscriptions.from_hour <= {{ timestamp_add_hours('cast(accounts.as_of_date as timestamp)', 23) }}
  where accounts.account_id is not null
  union all
  select
    dates.as_of_date,
    mapped.account_id,
    'default' as plan,
    cast(clusters.created_at as date) as start_date,
    clusters.terminated_at is null or clusters.terminated_at > dates.cut_off_at as is_in_force
  from dates
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on mapped.cloud = 'onprem'
    and mapped.valid_from_as_of <= dates.as_of_date
    and dates.as_of_date < mapped.valid_to_as_of
  inner join {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
    on dates.polaris_load_id = clusters.snapshot_load_id
    and mapped.cluster_id = clusters.cluster_id
    and clusters.created_at <= dates.cut_off_at
),

final as (
  select
    as_of_date,
    account_id,
    plan,
    min(start_date) as first_start_date,
    max(case when is_in_force then 1 else 0 end) = 1 as is_in_force
  from terms
  group by as_of_date, account_id, plan
)

select * from final
