{{ config(materialized='incremental', meta={'rebuilt': 'usage'}) }}
{{ depends_on_touched('usage') }}

with hourly as (
  select * from {{ ref('fct_usage_hourly') }} as hours
  {% if is_incremental() %}
  where {{ is_touched('usage', 'hours') }}
  {% endif %}
),

dimensions as (
  {{ current_state(ref('stg_polaris__dimensions'), 'polaris') }}
),

hours as (
  select
    cluster_id,
    hour
  from {{ ref('int_cluster_hours') }}
  where is_observed
),

coverage as (
  select
    cluster_id,
    usage_date,
    hours_expected,
    hours_observed
  from {{ ref('int_cluster_day_versions') }}
  where valid_to_as_of = {{ open_date() }}
),

-- The ids of a day are those of its last hour: a cluster may move to another subscription within a day.
added as (
  select
    hourly.cluster_id,
    hourly.dimension,
    hourly.usage_date,
    {{ last_by('hourly.account_id', 'hourly.hour') }} as account_id,
    {{ last_by('hourly.customer_id', 'hourly.hour') }} as customer_id,
    {{ last_by('hourly.cloud', 'hourly.hour') }} as cloud,
    {{ last_by('hourly.region', 'hourly.hour') }} as region,
    {{ last_by('hourly.unit', 'hourly.hour') }} as unit,
    sum(hourly.quantity) as quantity_sum,
    max(hourly.quantity) as quantity_max,
    {{ quantile_nearest_rank('hourly.quantity', 95) }} as quantity_p95,
    sum(case when hours.hour is not null then hourly.quantity end) as observed_sum,
    count(hours.hour) as hours_with_reading,
    count(*) as readings
  from hourly
  left join hours
    on hourly.cluster_id = hours.cluster_id
    and hourly.hour = hours.hour
  group by hourly.cluster_id, hourly.dimension, hourly.usage_date
),

dimension_map as (
  select max(version) as version from {{ ref('stg_policies__dimension_map') }}
),

measured as (
  select
    added.*,
    dimensions.measure,
    coalesce(coverage.hours_expected, 0) as hours_expected,
    coalesce(coverage.hours_observed, 0) as hours_observed,
    case when dimensions.measure = 'count' then coalesce(coverage.hours_observed, 0) else added.hours_with_reading end as hours_averaged
  from added
  left join dimensions on added.dimension = dimensions.dimension
  left join coverage
    on added.cluster_id = coverage.cluster_id
    and added.usage_date = coverage.usage_date
),

final as (
  select
    account_id,
    customer_id,
    cluster_id,
    cloud,
    region,
    usage_date,
    dimension,
    measure,
    unit,
    cast(quantity_sum as {{ type_decimal() }}) as quantity_sum,
    quantity_max,
    quantity_p95,
    -- A count without a reading in any observed hour has no known mean: missing is not zero.
    case when hours_with_reading > 0 then {{ decimal_div('observed_sum', 'hours_averaged') }} end as quantity_avg,
    readings,
    hours_with_reading,
    hours_expected,
    hours_observed,
    dimension_map.version as dimension_map_version
  from measured
  cross join dimension_map
)

select * from final
