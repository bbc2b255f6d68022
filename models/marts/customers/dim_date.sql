-- Whole years around the feed's history, so that a calendar of a workbook has no holes.
with bounds as (
  select
    min(as_of_date) as first_as_of_date,
    max(as_of_date) as newest_as_of_date,
    {{ year_start('min(as_of_date)') }} as first_date,
    {{ date_add_days(year_start(date_add_months(year_start('max(as_of_date)'), 12)), -1) }} as last_date
  from {{ ref('int_as_of_dates') }}
),

dates as (
  select
    cast(date_day as date) as date_day,
    bounds.newest_as_of_date
  from bounds, {{ date_spine('bounds.first_date', 'bounds.last_date', 'date_day') }}
),

final as (
  select
    date_day,
    {{ month_start('date_day') }} as month,
    {{ week_start('date_day') }} as week_start,
    cast(extract(year from date_day) as {{ type_bigint() }}) as calendar_year,
    cast(extract(quarter from date_day) as {{ type_bigint() }}) as calendar_quarter,
    cast(extract(month from date_day) as {{ type_bigint() }}) as month_of_year,
    cast(extract(day from date_day) as {{ type_bigint() }}) as day_of_month,
    cast({{ day_of_week('date_day') }} as {{ type_bigint() }}) as day_of_week,
    {{ day_of_week('date_day') }} >= 6 as is_weekend,
    date_day = newest_as_of_date as is_newest_as_of_date
  from dates
)

select * from final
