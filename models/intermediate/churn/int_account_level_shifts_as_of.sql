{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- A one-sided CUSUM downwards over the anomalies of the 56 days up to each as-of date. S(i) = max(0, S(i-1) - z - k) equals
-- the running sum of (-z - k) less its lowest value so far (0 at the start), which needs no recursion.
with windows as (
  select
    dates.as_of_date,
    cast(usage_date as date) as usage_date
  from {{ dates_to_build(ref('int_as_of_dates')) }} as dates, {{ date_spine(date_add_days('dates.as_of_date', -55), 'dates.as_of_date', 'usage_date') }}
),

anomalies as (
  select
    windows.as_of_date,
    days.account_id,
    days.usage_date,
    days.weekdays_known,
    days.is_without_spread,
    days.anomaly_z
  from windows
  inner join {{ ref('int_account_day_anomalies') }} as days
    on windows.usage_date = days.usage_date
    and days.valid_from_as_of <= windows.as_of_date
    and windows.as_of_date < days.valid_to_as_of
),

running as (
  select
    as_of_date,
    account_id,
    usage_date,
    sum(-anomaly_z - 0.5) over (
      partition by as_of_date, account_id order by usage_date rows between unbounded preceding and current row
    ) as running_sum
  from anomalies
  where anomaly_z is not null
),

cusum as (
  select
    as_of_date,
    account_id,
    usage_date,
    running_sum - least(0, min(running_sum) over (
      partition by as_of_date, account_id order by usage_date rows between unbounded preceding and current row
    )) as cusum_down
  from running
),

shifts as (
  select
    as_of_date,
    account_id,
    max(case when cusum_down > 5 and usage_date > {{ date_add_days('as_of_date', -14) }} then 1 else 0 end) = 1 as level_shift
  from cusum
  group by as_of_date, account_id
),

final as (
  select
    anomalies.as_of_date,
    anomalies.account_id,
    max(case when anomalies.usage_date = anomalies.as_of_date then anomalies.anomaly_z end) as anomaly_z,
    max(case when anomalies.usage_date = anomalies.as_of_date then anomalies.weekdays_known end) as weekdays_known,
    max(case when anomalies.usage_date = anomalies.as_of_date and anomalies.is_without_spread then 1 else 0 end) = 1 as is_without_spread,
    shifts.level_shift
  from anomalies
  left join shifts
    on anomalies.as_of_date = shifts.as_of_date
    and anomalies.account_id = shifts.account_id
  group by anomalies.as_of_date, anomalies.account_id, shifts.level_shift
)

select * from final
