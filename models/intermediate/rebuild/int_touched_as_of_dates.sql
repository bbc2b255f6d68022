-- As-of dates whose rows may differ from what was last built: those since, and every date by which Polaris had recorded a
-- row that was loaded only since (a backfill). Rows from before the feed's first day bring earlier dates: then all are touched.
with last as (
  select * from {{ ref('int_last_build') }}
),

loaded as (
  select min({{ first_as_of_date('readings.recorded_at') }}) as first_date
  from {{ ref('stg_polaris__readings') }} as readings
  cross join last
  where readings.load_id > last.load_id
  union all
  select min({{ first_as_of_date('features.recorded_at') }}) as first_date
  from {{ ref('stg_polaris__features') }} as features
  cross join last
  where features.load_id > last.load_id
),

earlier as (
  select min(dates.as_of_date) as first_date
  from {{ ref('int_as_of_dates') }} as dates
  where dates.as_of_date < (
    select min(readings.usage_date)
    from {{ ref('stg_polaris__readings') }} as readings
    cross join last
    where readings.load_id <= last.load_id
  )
),

first_touched as (
  select min(first_date) as first_date from (
    select first_date from loaded
    union all
    select first_date from earlier
    union all
    select {{ date_add_days('as_of_date', 1) }} as first_date from last
  ) as firsts
),

final as (
  select dates.as_of_date
  from {{ ref('int_as_of_dates') }} as dates
  inner join first_touched on dates.as_of_date >= first_touched.first_date
)

select * from final
