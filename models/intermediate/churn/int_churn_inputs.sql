{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- Everything that the churn indicators are made from, side by side: one row per as-of date and account that has ever had an
-- expected cluster-hour or a contract by then.
with terms as (
  select * from {{ dates_to_build(ref('int_account_terms_as_of')) }}
),

commitments as (
  select
    as_of_date,
    account_id,
    quantity,
    is_unlimited,
    {{ timestamp_diff_hours(
      'greatest(from_hour, cast(' ~ date_add_days('as_of_date', -27) ~ ' as timestamp))',
      'least(to_hour, cast(' ~ date_add_days('as_of_date', 1) ~ ' as timestamp))'
    ) }} as hours
  from {{ dates_to_build(ref('int_account_commitments_as_of')) }}
),

committed as (
  select
    as_of_date,
    account_id,
    cast(sum(quantity * hours) as {{ type_decimal() }}) as committed_tib_hours_28d,
    max(case when is_unlimited then 1 else 0 end) = 1 as is_unlimited_28d
  from commitments
  where hours > 0
  group by as_of_date, account_id
),

final as (
  select
    terms.as_of_date,
    terms.account_id,
    dates.crm_known_as_of,
    terms.next_renewal_date,
    terms.has_contract_in_force,
    coalesce(expiry.was_used_after_end, false) as was_used_after_end,
    coalesce(expiry.is_unobserved_after_end, false) as is_unobserved_after_end,
    terms.entitled_since,
    terms.is_entitled,
    terms.cases_90d,
    terms.networking_cases_90d,
    milestones.first_expected_date,
    milestones.first_observed_date,
    first_values.first_value_date,
    coalesce(first_values.had_limited_commitment, false) as had_limited_commitment,
    coalesce(first_values.had_unlimited_commitment, false) as had_unlimited_commitment,
    coalesce(first_values.is_entitled_before_feed, false) as is_entitled_before_feed,
    milestones.last_active_date,
    milestones.last_heard_date,
    quiet.days_without_telemetry,
    quiet.days_of_source_outage,
    quiet.observed_days_inactive,
    coalesce(windows.observed_days_28d, 0) as observed_days_28d,
    coalesce(windows.observed_days_prior_28d, 0) as observed_days_prior_28d,
    coalesce(windows.observed_days_28d, 0) >= {{ var('coverage_days') }} as is_covered_28d,
    coalesce(windows.observed_days_prior_28d, 0) >= {{ var('coverage_days') }} as is_covered_prior_28d,
    windows.held_tib_sum_28d,
    windows.held_days_28d,
    windows.held_tib_sum_prior_28d,
    windows.held_days_prior_28d,
    windows.held_tib_sum_56d,
    windows.held_days_56d,
    windows.held_tib_slope_dividend_56d,
    windows.held_tib_slope_divisor_56d,
    windows.hours_observed_28d,
    windows.hours_active_28d,
    windows.held_tib,
    committed.committed_tib_hours_28d,
    coalesce(committed.is_unlimited_28d, false) as is_unlimited_28d,
    shifts.anomaly_z,
    shifts.weekdays_known,
    shifts.is_without_spread,
    shifts.level_shift,
    coalesce(features.features_entitled, 0) as features_entitled,
    coalesce(features.features_active_28d, 0) as features_active_28d,
    coalesce(features.features_active_prior_28d, 0) as features_active_prior_28d
  from terms
  inner join {{ dates_to_build(ref('int_as_of_dates')) }} as dates on terms.as_of_date = dates.as_of_date
  left join {{ dates_to_build(ref('int_account_milestones_as_of')) }} as milestones
    on terms.as_of_date = milestones.as_of_date
    and terms.account_id = milestones.account_id
  left join {{ dates_to_build(ref('int_account_first_value_as_of')) }} as first_values
    on terms.as_of_date = first_values.as_of_date
    and terms.account_id = first_values.account_id
  left join {{ dates_to_build(ref('int_account_expiry_as_of')) }} as expiry
    on terms.as_of_date = expiry.as_of_date
    and terms.account_id = expiry.account_id
  left join {{ dates_to_build(ref('int_account_quiet_as_of')) }} as quiet
    on terms.as_of_date = quiet.as_of_date
    and terms.account_id = quiet.account_id
  left join {{ dates_to_build(ref('int_account_windows_as_of')) }} as windows
    on terms.as_of_date = windows.as_of_date
    and terms.account_id = windows.account_id
  left join committed
    on terms.as_of_date = committed.as_of_date
    and terms.account_id = committed.account_id
  left join {{ dates_to_build(ref('int_account_level_shifts_as_of')) }} as shifts
    on terms.as_of_date = shifts.as_of_date
    and terms.account_id = shifts.account_id
  left join {{ dates_to_build(ref('int_account_features_as_of')) }} as features
    on terms.as_of_date = features.as_of_date
    and terms.account_id = features.account_id
  where terms.had_contract or milestones.account_id is not null
)

select * from final
