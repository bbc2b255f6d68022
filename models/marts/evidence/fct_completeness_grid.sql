-- Every subscription × hour × billable dimension of the months shown, with one decision each: so no cell is silent. Made anew as
-- a whole, since the hours of overage are: an estimate or a grace hour depends on the hours before it.
with newest as (
  select
    as_of_date,
    coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

bounds as (
  select
    cast(min(as_of_date) as timestamp) as first_hour,
    {{ timestamp_add_hours('cast(max(as_of_date) as timestamp)', 23) }} as last_hour
  from {{ ref('int_as_of_dates') }}
  having count(*) > 0
),

hours as (
  select
    hour,
    cast(hour as date) as usage_date
  from bounds, {{ hour_spine('bounds.first_hour', 'bounds.last_hour', 'hour') }}
),

dimensions as (
  select * from {{ ref('int_billable_dimensions') }}
),

links as (
  select * from {{ ref('int_subscription_links') }}
),

customers as (
  select
    subscription_id,
    min(customer_id) as customer_id
  from links
  group by subscription_id
),

accounts as (
  select accounts.*
  from {{ ref('int_subscription_accounts_as_of') }} as accounts
  inner join newest on accounts.as_of_date = newest.as_of_date
),

-- A subscription that only the meter names has no term; where Tackle was never read, no term is known and none is missed.
subscriptions as (
  select
    subscriptions.subscription_id,
    accounts.account_id,
    customers.customer_id,
    subscriptions.from_hour,
    subscriptions.to_hour,
    subscriptions.is_in_tackle or newest.tackle_load_id = 0 as has_term
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
  left join accounts on subscriptions.subscription_id = accounts.subscription_id
  left join customers on subscriptions.subscription_id = customers.subscription_id
),

usage_hours as (
  select
    usage_hours.subscription_id,
    usage_hours.cluster_id,
    usage_hours.hour,
    usage_hours.dimension,
    usage_hours.quantity
  from {{ ref('fct_usage_hourly') }} as usage_hours
  inner join dimensions on usage_hours.dimension = dimensions.dimension
  where usage_hours.subscription_id is not null
),

readings as (
  select
    subscription_id,
    hour,
    dimension,
    count(*) as readings,
    cast(sum(quantity) as {{ type_decimal() }}) as quantity
  from usage_hours
  group by subscription_id, hour, dimension
),

-- A cluster is there in the hours in which it is expected, and in those in which it is metered all the same.
present as (
  select
    links.subscription_id,
    expected.hour,
    expected.cluster_id
  from {{ ref('int_cluster_hours') }} as expected
  inner join links
    on expected.cluster_id = links.cluster_id
    and links.from_hour <= expected.hour
    and expected.hour < links.to_hour
  union distinct
  select
    subscription_id,
    hour,
    cluster_id
  from usage_hours
),

clusters as (
  select
    subscription_id,
    hour,
    count(*) as clusters
  from present
  group by subscription_id, hour
),

rated as (
  select * from {{ ref('int_overage_hours') }}
),

open_exceptions as (
  select * from {{ ref('int_reading_exceptions') }}
  where is_open and hour is not null and dimension is not null
),

held_cells as (
  select distinct
    subscription_id,
    hour,
    dimension
  from open_exceptions
  where kind = 'quarantined_reading' and subscription_id is not null
),

held_hours as (
  select distinct
    hour,
    dimension
  from open_exceptions
  where kind = 'control_total_difference'
),

cells as (
  select
    subscriptions.subscription_id,
    subscriptions.account_id,
    subscriptions.customer_id,
    subscriptions.has_term and subscriptions.from_hour <= hours.hour and hours.hour < subscriptions.to_hour as is_in_term,
    hours.hour,
    hours.usage_date,
    dimensions.dimension
  from subscriptions
  cross join hours
  cross join dimensions
),

known as (
  select
    cells.*,
    coalesce(clusters.clusters, 0) as clusters,
    coalesce(readings.readings, 0) as readings,
    readings.quantity,
    held_cells.hour is not null or held_hours.hour is not null as is_held,
    rated.line_id,
    rated.policy_id,
    rated.policy_version,
    coalesce(rated.clusters_estimated, 0) as clusters_estimated,
    coalesce(rated.is_grace, false) as is_grace,
    coalesce(rated.burst > 0 or rated.above > 0, false) as is_charged
  from cells
  left join clusters
    on cells.subscription_id = clusters.subscription_id
    and cells.hour = clusters.hour
  left join readings
    on cells.subscription_id = readings.subscription_id
    and cells.hour = readings.hour
    and cells.dimension = readings.dimension
  left join held_cells
    on cells.subscription_id = held_cells.subscription_id
    and cells.hour = held_cells.hour
    and cells.dimension = held_cells.dimension
  left join held_hours
    on cells.hour = held_hours.hour
    and cells.dimension = held_hours.dimension
  left join rated
    on cells.subscription_id = rated.subscription_id
    and cells.hour = rated.hour
    and cells.dimension = rated.dimension
),

final as (
  select
    subscription_id,
    hour,
    dimension,
    usage_date,
    {{ month_start('usage_date') }} as period,
    account_id,
    customer_id,
    case
      when not is_in_term or clusters = 0 then 'inactive'
      when is_held then 'held'
      when readings = 0 and clusters_estimated = 0 then 'missing'
      when is_grace then 'grace'
      when is_charged then 'bill'
      else 'included'
    end as decision,
    is_in_term,
    clusters,
    readings,
    quantity,
    clusters_estimated > 0 as is_estimated,
    readings > 0 and readings + clusters_estimated < clusters as is_partly_metered,
    line_id,
    policy_id,
    policy_version
  from known
)

select * from final
