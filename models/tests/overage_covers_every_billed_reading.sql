-- No reading of a rated dimension is lost on its way to a line: per subscription and dimension the quantities agree, for the
-- hours in which a policy is in force and nothing was estimated.
with newest as (
  select as_of_date, coalesce(tackle_load_id, 0) as tackle_load_id from {{ ref('int_as_of_dates') }}
  where is_newest
),

readings as (
  select
    usage_hours.subscription_id,
    usage_hours.dimension,
    sum(usage_hours.quantity) as quantity
  from {{ ref('fct_usage_hourly') }} as usage_hours
  cross join newest
  inner join {{ ref('int_subscription_policies') }} as policies
    on policies.snapshot_load_id = newest.tackle_load_id
    and usage_hours.subscription_id = policies.subscription_id
    and usage_hours.dimension = policies.dimension
    and policies.from_hour <= usage_hours.hour
    and usage_hours.hour < policies.to_hour
  group by usage_hours.subscription_id, usage_hours.dimension
),

rated as (
  select
    subscription_id,
    dimension,
    sum(measured) as quantity,
    sum(clusters_estimated) as estimated
  from {{ ref('fct_overage_hourly') }}
  group by subscription_id, dimension
)

select
  readings.subscription_id,
  readings.dimension,
  readings.quantity,
  rated.quantity as rated_quantity
from readings
left join rated
  on readings.subscription_id = rated.subscription_id
  and readings.dimension = rated.dimension
where rated.subscription_id is null or (rated.estimated = 0 and rated.quantity <> readings.quantity)
