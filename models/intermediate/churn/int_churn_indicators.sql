{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The churn indicators with, for each, why it is null. A reason comes first; the value is computed where there is none.
with inputs as (
  select * from {{ dates_to_build(ref('int_churn_inputs')) }}
),

reasons as (
  select
    inputs.*,
    case
      when not is_covered_28d or coalesce(held_days_28d, 0) = 0 then 'insufficient_telemetry'
      when is_unlimited_28d then 'unlimited'
      when coalesce(committed_tib_hours_28d, 0) = 0 then 'no_commitment'
    end as commitment_utilisation_28d_reason,
    case
      when not is_covered_28d or not is_covered_prior_28d or coalesce(held_days_28d, 0) = 0 or coalesce(held_days_prior_28d, 0) = 0
        then 'insufficient_telemetry'
      when held_tib_sum_prior_28d = 0 then 'prior_usage_zero'
    end as usage_change_28d_reason,
    case
      when not is_covered_28d or not is_covered_prior_28d or coalesce(held_days_56d, 0) < 2 then 'insufficient_telemetry'
      when held_tib_sum_56d = 0 then 'usage_zero'
    end as usage_trend_pct_week_reason,
    case
      when first_expected_date is null then 'no_cluster'
      when first_observed_date is null then 'never_observed'
    end as days_since_activity_reason,
    case
      when not is_covered_28d or coalesce(hours_observed_28d, 0) = 0 then 'insufficient_telemetry'
    end as active_hour_ratio_28d_reason,
    -- Deviation and CUSUM look back eight weeks: both 28-day windows need the floor.
    case
      when not is_covered_28d or not is_covered_prior_28d then 'insufficient_telemetry'
      when held_tib is null then 'day_not_observed'
      when coalesce(weekdays_known, 0) < 4 then 'too_few_weekdays'
      when anomaly_z is null then 'no_spread'
    end as usage_anomaly_z_reason,
    case
      when not is_covered_28d or not is_covered_prior_28d then 'insufficient_telemetry'
      when level_shift is null then 'no_baseline'
    end as level_shift_reason,
    case
      when not is_covered_28d then 'insufficient_telemetry'
      when features_entitled = 0 then 'no_entitlement'
    end as feature_breadth_28d_reason,
    case
      when not is_covered_28d or not is_covered_prior_28d then 'insufficient_telemetry'
      when features_entitled = 0 then 'no_entitlement'
    end as feature_breadth_change_reason,
    -- Its window is counted in observed days, so of the 28-day windows only the newest needs the floor.
    case
      when not is_entitled or entitled_since is null then 'no_entitlement'
      when not is_covered_28d then 'insufficient_telemetry'
      -- Too short a time since the start to tell, unless it was active in it or is not yet due.
      when (last_active_date is null or last_active_date < entitled_since)
        and {{ date_diff_days('entitled_since', 'as_of_date') }} > 30 and coalesce(observed_days_inactive, 0) < 20
        then 'insufficient_telemetry'
    end as unused_entitlement_reason,
    case
      when entitled_since is null then 'no_entitlement'
      when first_expected_date is null then 'no_cluster'
      when not had_limited_commitment and had_unlimited_commitment then 'unlimited'
      when not had_limited_commitment then 'no_commitment'
      -- The days before the first reading were not observed, so the first of them that counts cannot be told.
      when is_entitled_before_feed then 'insufficient_telemetry'
      when first_value_date is null then 'censored'
    end as time_to_first_value_days_reason,
    case
      when next_renewal_date is null then 'no_renewal_known'
    end as days_to_renewal_reason,
    case
      when not was_used_after_end and is_unobserved_after_end then 'not_observed_since_end'
    end as offer_expired_with_usage_reason,
    case
      when not is_covered_28d or coalesce(held_days_28d, 0) = 0 then 'insufficient_telemetry'
      when held_tib_sum_28d = 0 then 'usage_zero'
    end as cases_90d_per_100tib_reason,
    case
      when cases_90d < 5 then 'fewer_than_5_cases'
    end as networking_share_90d_reason,
    case
      when first_expected_date is null then 'no_cluster'
    end as days_without_telemetry_reason
  from inputs
),

final as (
  select
    as_of_date,
    account_id,
    crm_known_as_of,
    case when commitment_utilisation_28d_reason is null then
      {{ safe_divide('(held_tib_sum_28d * 672)', '(committed_tib_hours_28d * held_days_28d)') }}
    end as commitment_utilisation_28d,
    commitment_utilisation_28d_reason,
    case when usage_change_28d_reason is null then
      {{ safe_divide(
        '(held_tib_sum_28d * held_days_prior_28d - held_tib_sum_prior_28d * held_days_28d)',
        '(held_tib_sum_prior_28d * held_days_28d)'
      ) }}
    end as usage_change_28d,
    usage_change_28d_reason,
    case when usage_trend_pct_week_reason is null then
      {{ safe_divide('(held_tib_slope_dividend_56d * held_days_56d * 700)', '(held_tib_slope_divisor_56d * held_tib_sum_56d)') }}
    end as usage_trend_pct_week,
    usage_trend_pct_week_reason,
    case when days_since_activity_reason is null then
      {{ date_diff_days('coalesce(last_active_date, first_observed_date)', 'as_of_date') }}
    end as days_since_activity,
    days_since_activity_reason,
    case when active_hour_ratio_28d_reason is null then
      {{ safe_divide('hours_active_28d', 'hours_observed_28d') }}
    end as active_hour_ratio_28d,
    active_hour_ratio_28d_reason,
    case when usage_anomaly_z_reason is null then anomaly_z end as usage_anomaly_z,
    usage_anomaly_z_reason,
    case when level_shift_reason is null then level_shift end as level_shift,
    level_shift_reason,
    case when feature_breadth_28d_reason is null then
      {{ safe_divide('features_active_28d', 'features_entitled') }}
    end as feature_breadth_28d,
    feature_breadth_28d_reason,
    case when feature_breadth_change_reason is null then
      {{ safe_divide('(features_active_28d - features_active_prior_28d)', 'features_entitled') }}
    end as feature_breadth_change,
    feature_breadth_change_reason,
    case when unused_entitlement_reason is null then
      {{ date_diff_days('entitled_since', 'as_of_date') }} > 30
      and case
        when last_active_date is null or last_active_date < entitled_since then true
        else coalesce(observed_days_inactive, 0) >= 60
      end
    end as unused_entitlement,
    unused_entitlement_reason,
    case when time_to_first_value_days_reason is null then
      {{ date_diff_days('entitled_since', 'first_value_date') }}
    end as time_to_first_value_days,
    time_to_first_value_days_reason,
    case when days_to_renewal_reason is null then
      {{ date_diff_days('as_of_date', 'next_renewal_date') }}
    end as days_to_renewal,
    days_to_renewal_reason,
    case when offer_expired_with_usage_reason is null then was_used_after_end end as offer_expired_with_usage,
    offer_expired_with_usage_reason,
    case when cases_90d_per_100tib_reason is null then
      {{ safe_divide('(cast(cases_90d * held_days_28d as ' ~ type_decimal() ~ ') * 100)', 'held_tib_sum_28d') }}
    end as cases_90d_per_100tib,
    cases_90d_per_100tib_reason,
    case when networking_share_90d_reason is null then
      {{ safe_divide('networking_cases_90d', 'cases_90d') }}
    end as networking_share_90d,
    networking_share_90d_reason,
    case when days_without_telemetry_reason is null then coalesce(days_without_telemetry, 0) end as days_without_telemetry,
    days_without_telemetry_reason,
    observed_days_28d,
    observed_days_prior_28d,
    held_tib,
    {{ decimal_div('held_tib_sum_28d', 'held_days_28d') }} as held_tib_28d,
    {{ decimal_div('committed_tib_hours_28d', '672') }} as committed_tib_28d,
    features_active_28d,
    features_entitled,
    cases_90d,
    last_active_date,
    last_heard_date,
    coalesce(days_of_source_outage, 0) as days_of_source_outage,
    next_renewal_date,
    entitled_since,
    has_contract_in_force
  from reasons
)

select * from final
