-- How many features an account is entitled to at each as-of date, and how many it used in the last 28 days and the 28 before.
with dates as (
  select * from {{ ref('int_as_of_dates') }}
),

plan_features as (
  select * from {{ ref('stg_policies__entitled_features') }}
),

plans as (
  select
    accounts.as_of_date,
    accounts.account_id,
    subscriptions.rated_plan as plan
  from {{ ref('int_subscription_accounts_as_of') }} as accounts
  inner join dates on accounts.as_of_date = dates.as_of_date
  inner join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on coalesce(dates.tackle_load_id, 0) = subscriptions.snapshot_load_id
    and accounts.subscription_id = subscriptions.subscription_id
    and subscriptions.is_in_tackle
    and subscriptions.from_hour <= {{ timestamp_add_hours('cast(accounts.as_of_date as timestamp)', 23) }}
    and {{ timestamp_add_hours('cast(accounts.as_of_date as timestamp)', 23) }} < subscriptions.to_hour
  where accounts.account_id is not null
  union distinct
  select
    dates.as_of_date,
    mapped.account_id,
    'default' as plan
  from dates
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on mapped.cloud = 'onprem'
    and mapped.valid_from_as_of <= dates.as_of_date
    and dates.as_of_date < mapped.valid_to_as_of
  inner join {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
    on dates.polaris_load_id = clusters.snapshot_load_id
    and mapped.cluster_id = clusters.cluster_id
    and clusters.created_at <= dates.cut_off_at
    and (clusters.terminated_at is null or clusters.terminated_at > dates.cut_off_at)
),

entitled as (
  select
    plans.as_of_date,
    plans.account_id,
    count(distinct plan_features.feature) as features_entitled
  from plans
  inner join plan_features on plans.plan = plan_features.plan
  group by plans.as_of_date, plans.account_id
),

cluster_days as (
  select
    cluster_id,
    feature,
    usage_date,
    min({{ greatest_known('usage_date', first_as_of_date('recorded_at')) }}) as known_as_of
  from {{ ref('stg_polaris__features') }}
  where operations > 0
  group by cluster_id, feature, usage_date
),

feature_days as (
  select
    mapped.account_id,
    days.feature,
    days.usage_date,
    mapped.valid_to_as_of,
    min(greatest(days.known_as_of, mapped.valid_from_as_of)) as valid_from_as_of
  from cluster_days as days
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on days.cluster_id = mapped.cluster_id
    and days.known_as_of < mapped.valid_to_as_of
  group by mapped.account_id, days.feature, days.usage_date, mapped.valid_to_as_of
),

windows as (
  select
    dates.as_of_date,
    cast(usage_date as date) as usage_date
  from dates, {{ date_spine(date_add_days('dates.as_of_date', -55), 'dates.as_of_date', 'usage_date') }}
),

used as (
  select
    windows.as_of_date,
    days.account_id,
    count(distinct case when days.usage_date > {{ date_add_days('windows.as_of_date', -28) }} then days.feature end) as features_active_28d,
    count(distinct case when days.usage_date <= {{ date_add_days('windows.as_of_date', -28) }} then days.feature end) as features_active_prior_28d
  from windows
  inner join feature_days as days
    on windows.usage_date = days.usage_date
    and days.valid_from_as_of <= windows.as_of_date
    and windows.as_of_date < days.valid_to_as_of
  group by windows.as_of_date, days.account_id
),

final as (
  select
    coalesce(entitled.as_of_date, used.as_of_date) as as_of_date,
    coalesce(entitled.account_id, used.account_id) as account_id,
    coalesce(entitled.features_entitled, 0) as features_entitled,
    coalesce(used.features_active_28d, 0) as features_active_28d,
    coalesce(used.features_active_prior_28d, 0) as features_active_prior_28d
  from entitled
  full outer join used
    on entitled.as_of_date = used.as_of_date
    and entitled.account_id = used.account_id
)

select * from final
