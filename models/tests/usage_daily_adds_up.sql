-- Each day's sum is the sum of its hours, per dimension and day over all clusters: nothing lost, nothing counted twice.
with hourly as (
  select
    usage_date,
    dimension,
    sum(quantity) as quantity,
    count(*) as readings
  from {{ ref('fct_usage_hourly') }}
  group by usage_date, dimension
),

daily as (
  select
    usage_date,
    dimension,
    sum(quantity_sum) as quantity,
    sum(readings) as readings
  from {{ ref('fct_usage_daily') }}
  group by usage_date, dimension
)

select
  hourly.usage_date,
  hourly.dimension,
  hourly.quantity as hourly_quantity,
  daily.quantity as daily_quantity
from hourly
full join daily
  on hourly.usage_date = daily.usage_date
  and hourly.dimension = daily.dimension
where coalesce(hourly.quantity <> daily.quantity or hourly.readings <> daily.readings, true)
