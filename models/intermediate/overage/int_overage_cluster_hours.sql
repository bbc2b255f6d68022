-- One level per cluster and hour that a policy rates: the current reading, observed or not; and, without one, each expected
-- hour, so that what was not metered is counted and not taken for nothing.
with newest as (
  select
    as_of_date,
    coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

rated as (
  select policies.*
  from {{ ref('int_subscription_policies') }} as policies
  inner join newest on policies.snapshot_load_id = newest.tackle_load_id
),

rated_dimensions as (
  select distinct dimension from {{ ref('stg_policies__overage_policies') }}
),

readings as (
  select * from {{ ref('int_overage_readings') }}
),

expected as (
  select
    links.subscription_id,
    links.customer_id,
    hours.cluster_id,
    rated_dimensions.dimension,
    hours.hour,
    hours.usage_date
  from {{ ref('int_cluster_hours') }} as hours
  cross join newest
  inner join {{ ref('int_cluster_subscriptions_as_of') }} as links
    on hours.cluster_id = links.cluster_id
    and links.as_of_date = newest.as_of_date
    and links.from_hour <= hours.hour
    and hours.hour < links.to_hour
  cross join rated_dimensions
),

levels as (
  select
    subscription_id,
    customer_id,
    cluster_id,
    region,
    dimension,
    hour,
    usage_date,
    quantity
  from readings
  where subscription_id is not null
  union all
  select
    expected.subscription_id,
    expected.customer_id,
    expected.cluster_id,
    cast(null as {{ type_text() }}) as region,
    expected.dimension,
    expected.hour,
    expected.usage_date,
    cast(null as {{ type_decimal() }}) as quantity
  from expected
  left join readings
    on expected.cluster_id = readings.cluster_id
    and expected.dimension = readings.dimension
    and expected.hour = readings.hour
  where readings.cluster_id is null
),

final as (
  select
    levels.subscription_id,
    levels.dimension,
    levels.cluster_id,
    levels.hour,
    levels.usage_date,
    levels.customer_id,
    levels.region,
    {{ fits(
      'levels.quantity',
      'abs(levels.quantity) >= 1e18',
      "'overage: reading of ' || levels.cluster_id || ' ' || levels.dimension || ' at ' || cast(levels.hour as " ~ type_text()
      ~ ") || ': got ' || cast(levels.quantity as " ~ type_text() ~ ") || ', want less than 1e18, which stays exact; have it restated'",
      type_decimal()
    ) }} as quantity,
    rated.policy_id,
    rated.policy_version
  from levels
  inner join rated
    on levels.subscription_id = rated.subscription_id
    and levels.dimension = rated.dimension
    and rated.from_hour <= levels.hour
    and levels.hour < rated.to_hour
)

select * from final
