{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- An account's usage in the windows that end with each as-of date: 28 days, the 28 before, and 56.
with windows as (
  select
    dates.as_of_date,
    cast(usage_date as date) as usage_date
  from {{ dates_to_build(ref('int_as_of_dates')) }} as dates, {{ date_spine(date_add_days('dates.as_of_date', -55), 'dates.as_of_date', 'usage_date') }}
),

days as (
  select
    windows.as_of_date,
    days.account_id,
    days.usage_date,
    {{ date_diff_days('days.usage_date', 'windows.as_of_date') }} as days_back,
    days.hours_observed,
    days.hours_active,
    days.is_observed,
    case when days.is_observed then days.held_tib end as held_tib
  from windows
  inner join {{ ref('int_account_day_versions') }} as days
    on windows.usage_date = days.usage_date
    and days.valid_from_as_of <= windows.as_of_date
    and windows.as_of_date < days.valid_to_as_of
),

final as (
  select
    as_of_date,
    account_id,
    count(case when days_back < 28 and is_observed then 1 end) as observed_days_28d,
    count(case when days_back >= 28 and is_observed then 1 end) as observed_days_prior_28d,
    cast(sum(case when days_back < 28 then held_tib end) as {{ type_decimal() }}) as held_tib_sum_28d,
    count(case when days_back < 28 then held_tib end) as held_days_28d,
    cast(sum(case when days_back >= 28 then held_tib end) as {{ type_decimal() }}) as held_tib_sum_prior_28d,
    count(case when days_back >= 28 then held_tib end) as held_days_prior_28d,
    cast(sum(held_tib) as {{ type_decimal() }}) as held_tib_sum_56d,
    count(held_tib) as held_days_56d,
    cast({{ slope_dividend('held_tib', '(-days_back)') }} as {{ type_decimal() }}) as held_tib_slope_dividend_56d,
    cast({{ slope_divisor('held_tib', '(-days_back)') }} as {{ type_bigint() }}) as held_tib_slope_divisor_56d,
    cast(coalesce(sum(case when days_back < 28 then hours_observed end), 0) as {{ type_bigint() }}) as hours_observed_28d,
    cast(coalesce(sum(case when days_back < 28 then hours_active end), 0) as {{ type_bigint() }}) as hours_active_28d,
    max(case when days_back = 0 then held_tib end) as held_tib,
    max(case when days_back = 0 and is_observed then 1 else 0 end) = 1 as is_observed
  from days
  group by as_of_date, account_id
)

select * from final
