-- From which hour on the meter names a subscription for a cluster, as far as it was known at each as-of date: a late reading
-- can move that hour back, from the as-of date on that sees it. Only the moves are kept.
with watched as (
  select dimension from {{ ref('stg_policies__dimension_map') }}
  where role in ('held_capacity', 'heartbeat')
  union distinct
  select dimension from {{ ref('stg_policies__overage_policies') }}
),

readings as (
  select
    readings.cluster_id,
    readings.subscription_id,
    {{ greatest_known('readings.usage_date', first_as_of_date('readings.recorded_at')) }} as valid_from_as_of,
    min(readings.customer_id) as customer_id,
    min(readings.cloud) as cloud,
    min(readings.hour) as first_hour
  from {{ ref('stg_polaris__readings') }} as readings
  inner join watched on readings.dimension = watched.dimension
  group by 1, 2, 3
),

running as (
  select
    readings.*,
    min(first_hour) over (
      partition by cluster_id, subscription_id
      order by valid_from_as_of
      rows between unbounded preceding and 1 preceding
    ) as earlier_first_hour
  from readings
),

moves as (
  select * from running
  where earlier_first_hour is null or first_hour < earlier_first_hour
),

final as (
  select
    cluster_id,
    subscription_id,
    customer_id,
    cloud,
    first_hour,
    valid_from_as_of,
    coalesce(
      lead(valid_from_as_of) over (partition by cluster_id, subscription_id order by valid_from_as_of), {{ open_date() }}
    ) as valid_to_as_of
  from moves
)

select * from final
