with newest as (
  select
    max(as_of_date) as as_of_date,
    min(as_of_date) as first_date
  from {{ ref('int_as_of_dates') }}
  having count(*) > 0
),

use_days as (
  select * from {{ ref('fct_feature_usage_daily') }}
),

-- Days of an account on which one of its clusters was observed long enough; 1 = the newest.
observed_days as (
  select
    account_id,
    usage_date,
    row_number() over (partition by account_id order by usage_date desc) as days_back
  from {{ ref('fct_telemetry_coverage') }}
  where account_id is not null
  group by account_id, usage_date
  having max(hours_observed_active + hours_observed_zero) >= {{ var('coverage_hours') }}
),

windows as (
  select
    days.account_id,
    count(case when days.usage_date > {{ date_add_days('newest.as_of_date', -28) }} then 1 end) as observed_days_28d,
    max(case when days.days_back = 28 then days.usage_date end) as first_of_last_28_observed
  from observed_days as days
  cross join newest
  group by days.account_id
),

use_numbered as (
  select
    use_days.account_id,
    use_days.feature,
    use_days.usage_date,
    observed_days.usage_date is not null as is_observed,
    min(use_days.usage_date) over (partition by use_days.account_id, use_days.feature) as first_used_date,
    row_number() over (partition by use_days.account_id, use_days.feature order by use_days.usage_date) as use_number
  from use_days
  left join observed_days
    on use_days.account_id = observed_days.account_id
    and use_days.usage_date = observed_days.usage_date
),

used as (
  select
    used.account_id,
    used.feature,
    min(used.first_used_date) as first_used_date,
    max(used.usage_date) as last_used_date,
    max(case when used.use_number = 3 then used.usage_date end) as third_used_date,
    count(case when used.is_observed and used.usage_date < {{ date_add_days('used.first_used_date', 28) }} then 1 end) >= 3 as adopted,
    count(case when used.is_observed and used.usage_date > {{ date_add_days('newest.as_of_date', -28) }} then 1 end) as active_days_28d
  from use_numbered as used
  cross join newest
  group by used.account_id, used.feature
),

entitled as (
  select
    plans.account_id,
    plan_features.feature,
    min(plans.first_start_date) as entitled_since,
    max(case when plans.is_in_force then 1 else 0 end) = 1 as is_entitled
  from {{ ref('int_account_plans_as_of') }} as plans
  inner join newest on plans.as_of_date = newest.as_of_date
  inner join {{ ref('stg_policies__entitled_features') }} as plan_features on plans.plan = plan_features.plan
  group by plans.account_id, plan_features.feature
),

features as (
  select max(version) as version from {{ ref('stg_policies__entitled_features') }}
),

joined as (
  select
    coalesce(used.account_id, entitled.account_id) as account_id,
    coalesce(used.feature, entitled.feature) as feature,
    coalesce(entitled.is_entitled, false) as is_entitled,
    entitled.entitled_since,
    used.first_used_date,
    used.last_used_date,
    {{ date_diff_days('entitled.entitled_since', 'used.third_used_date') }} as days_to_adopt,
    coalesce(used.adopted, false) as adopted,
    coalesce(used.active_days_28d, 0) as active_days_28d
  from used
  full outer join entitled
    on used.account_id = entitled.account_id
    and used.feature = entitled.feature
  where used.account_id is not null or entitled.is_entitled
),

measured as (
  select
    joined.*,
    coalesce(windows.observed_days_28d, 0) as observed_days_28d,
    windows.first_of_last_28_observed,
    case when windows.observed_days_28d >= {{ var('coverage_days') }} then
      {{ safe_divide('joined.active_days_28d', 'windows.observed_days_28d') }}
    end as stickiness
  from joined
  left join windows on joined.account_id = windows.account_id
),

final as (
  select
    newest.as_of_date,
    measured.account_id,
    measured.feature,
    measured.is_entitled,
    measured.entitled_since,
    measured.entitled_since < newest.first_date as is_entitled_before_feed,
    measured.first_used_date,
    measured.last_used_date,
    measured.days_to_adopt,
    measured.adopted,
    measured.active_days_28d,
    measured.observed_days_28d,
    measured.stickiness,
    case when measured.stickiness is null then 'insufficient_telemetry' end as stickiness_reason,
    case
      when measured.first_used_date is null then 'never'
      when not measured.adopted then 'tried'
      when measured.last_used_date < measured.first_of_last_28_observed then 'lapsed'
      when measured.stickiness >= 0.5 then 'habitual'
      else 'adopted'
    end as stage,
    features.version as features_version
  from measured
  cross join newest
  cross join features
)

select * from final
