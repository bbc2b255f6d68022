{{ config(materialized='incremental', meta={'rebuilt': 'days'}) }}
{{ depends_on_touched('days') }}

-- Each expected hour in its state, and the as-of dates for which that state was the known one.
with expected as (
  select * from {{ ref('int_expected_hours') }} as hours
  {% if is_incremental() %}
  where {{ is_touched('days', 'hours') }}
  {% endif %}
),

readings as (
  select * from {{ ref('int_cluster_hour_readings') }} as hours
  {% if is_incremental() %}
  where {{ is_touched('days', 'hours') }}
  {% endif %}
),

first_readings as (
  select
    cluster_id,
    hour,
    min(valid_from_as_of) as known_as_of
  from readings
  group by cluster_id, hour
),

with_readings as (
  select
    expected.cluster_id,
    expected.hour,
    expected.usage_date,
    greatest(expected.valid_from_as_of, readings.valid_from_as_of) as valid_from_as_of,
    least(expected.valid_to_as_of, readings.valid_to_as_of) as valid_to_as_of,
    readings.is_observed,
    readings.is_observed and readings.has_activity as is_active,
    case when readings.is_observed then readings.capacity_used_tib end as capacity_used_tib,
    case when readings.is_observed then readings.capacity_provisioned_tib end as capacity_provisioned_tib
  from expected
  inner join readings
    on expected.cluster_id = readings.cluster_id
    and expected.hour = readings.hour
    and expected.valid_from_as_of < readings.valid_to_as_of
    and readings.valid_from_as_of < expected.valid_to_as_of
),

-- Before its first reading was known, an expected hour had none.
without_readings as (
  select
    expected.cluster_id,
    expected.hour,
    expected.usage_date,
    expected.valid_from_as_of,
    least(expected.valid_to_as_of, coalesce(first_readings.known_as_of, expected.valid_to_as_of)) as valid_to_as_of
  from expected
  left join first_readings
    on expected.cluster_id = first_readings.cluster_id
    and expected.hour = first_readings.hour
  where first_readings.known_as_of is null or expected.valid_from_as_of < first_readings.known_as_of
),

versions as (
  select * from with_readings
  union all
  select
    *,
    false as is_observed,
    false as is_active,
    cast(null as {{ type_decimal() }}) as capacity_used_tib,
    cast(null as {{ type_decimal() }}) as capacity_provisioned_tib
  from without_readings
),

-- Per hour over all clusters: how many were expected and how many of them lacked it, whenever that changed.
changes as (
  select
    hour,
    valid_from_as_of as as_of_date,
    count(*) as expected_change,
    count(case when not is_observed then 1 end) as lacking_change
  from versions
  group by hour, valid_from_as_of
  union all
  select
    hour,
    valid_to_as_of as as_of_date,
    -count(*) as expected_change,
    -count(case when not is_observed then 1 end) as lacking_change
  from versions
  where valid_to_as_of < {{ open_date() }}
  group by hour, valid_to_as_of
),

daily_changes as (
  select
    hour,
    as_of_date,
    sum(expected_change) as expected_change,
    sum(lacking_change) as lacking_change
  from changes
  group by hour, as_of_date
),

counts as (
  select
    hour,
    as_of_date,
    sum(expected_change) over (partition by hour order by as_of_date) as clusters_expected,
    sum(lacking_change) over (partition by hour order by as_of_date) as clusters_lacking
  from daily_changes
),

flagged as (
  select
    hour,
    as_of_date,
    clusters_expected > 0 and 2 * clusters_lacking >= clusters_expected as is_source_outage
  from counts
),

switches as (
  select
    *,
    lag(is_source_outage) over (partition by hour order by as_of_date) as was_source_outage
  from flagged
),

outages as (
  select
    hour,
    is_source_outage,
    as_of_date as valid_from_as_of,
    coalesce(lead(as_of_date) over (partition by hour order by as_of_date), {{ open_date() }}) as valid_to_as_of
  from switches
  where was_source_outage is null or was_source_outage <> is_source_outage
),

missing as (
  select
    versions.cluster_id,
    versions.hour,
    versions.usage_date,
    greatest(versions.valid_from_as_of, outages.valid_from_as_of) as valid_from_as_of,
    least(versions.valid_to_as_of, outages.valid_to_as_of) as valid_to_as_of,
    case when outages.is_source_outage then 'missing_source' else 'missing_cluster' end as state,
    versions.capacity_used_tib,
    versions.capacity_provisioned_tib
  from versions
  inner join outages
    on versions.hour = outages.hour
    and versions.valid_from_as_of < outages.valid_to_as_of
    and outages.valid_from_as_of < versions.valid_to_as_of
  where not versions.is_observed
),

final as (
  select
    cluster_id,
    hour,
    usage_date,
    valid_from_as_of,
    valid_to_as_of,
    case when is_active then 'observed_active' else 'observed_zero' end as state,
    capacity_used_tib,
    capacity_provisioned_tib
  from versions
  where is_observed
  union all
  select * from missing
)

select * from final
