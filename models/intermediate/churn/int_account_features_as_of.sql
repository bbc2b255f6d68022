{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- How many features an account is entitled to at each as-of date, and how many of these it used in the last 28 days and in the
-- 28 before. Use of what no plan in force entitles to does not count, so that the ratio is at most 1.
with dates as (
  select * from {{ dates_to_build(ref('int_as_of_dates')) }}
),

entitled as (
  select distinct
    plans.as_of_date,
    plans.account_id,
    plan_features.feature
  from {{ dates_to_build(ref('int_account_plans_as_of')) }} as plans
  inner join {{ ref('stg_policies__entitled_features') }} as plan_features on plans.plan = plan_features.plan
  where plans.is_in_force
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
    days.feature,
    max(case when days.usage_date > {{ date_add_days('windows.as_of_date', -28) }} then 1 else 0 end) = 1 as is_active_28d,
    max(case when days.usage_date <= {{ date_add_days('windows.as_of_date', -28) }} then 1 else 0 end) = 1 as is_active_prior_28d
  from windows
  inner join feature_days as days
    on windows.usage_date = days.usage_date
    and days.valid_from_as_of <= windows.as_of_date
    and windows.as_of_date < days.valid_to_as_of
  group by windows.as_of_date, days.account_id, days.feature
),

final as (
  select
    entitled.as_of_date,
    entitled.account_id,
    count(*) as features_entitled,
    count(case when used.is_active_28d then 1 end) as features_active_28d,
    count(case when used.is_active_prior_28d then 1 end) as features_active_prior_28d
  from entitled
  left join used
    on entitled.as_of_date = used.as_of_date
    and entitled.account_id = used.account_id
    and entitled.feature = used.feature
  group by entitled.as_of_date, entitled.account_id
)

select * from final
