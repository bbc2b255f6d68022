{{ config(materialized='incremental', meta={'rebuilt': 'days'}) }}
{{ depends_on_touched('days') }}

-- What the readings say of a cluster's hour, and from when on they said so.
{% set facts %}
    max(case when revisions.is_heartbeat then 1 else 0 end) = 1 as has_heartbeat,
    max(case when revisions.is_heartbeat and revisions.quantity > 0 then 1 else 0 end) = 1 as was_heard,
    max(case when revisions.is_heartbeat then 0 else 1 end) = 1 as has_other,
    max(case when revisions.is_activity and revisions.quantity > 0 then 1 else 0 end) = 1 as has_activity,
    max(case when revisions.is_held_capacity then revisions.quantity end) as capacity_used_tib,
    max(case when revisions.is_provisioned_capacity then revisions.quantity end) as capacity_provisioned_tib
{% endset %}

with mapped as (
  select
    dimension,
    max(case when role = 'heartbeat' then 1 else 0 end) = 1 as is_heartbeat,
    max(case when role = 'activity' then 1 else 0 end) = 1 as is_activity,
    max(case when role = 'held_capacity' then 1 else 0 end) = 1 as is_held_capacity,
    max(case when role = 'provisioned_capacity' then 1 else 0 end) = 1 as is_provisioned_capacity
  from {{ ref('stg_policies__dimension_map') }}
  group by dimension
),

-- Dimensions without a role still count as "any other reading" of an hour.
revisions as (
  select
    readings.cluster_id,
    readings.hour,
    readings.usage_date,
    readings.quantity,
    coalesce(mapped.is_heartbeat, false) as is_heartbeat,
    coalesce(mapped.is_activity, false) as is_activity,
    coalesce(mapped.is_held_capacity, false) as is_held_capacity,
    coalesce(mapped.is_provisioned_capacity, false) as is_provisioned_capacity,
    readings.known_as_of,
    coalesce(readings.superseded_as_of, {{ open_date() }}) as superseded_as_of
  from {{ ref('int_reading_revisions') }} as readings
  left join mapped on readings.dimension = mapped.dimension
  {% if is_incremental() %}
  where {{ is_touched_reading('days', 'readings') }}
  {% endif %}
),

-- Hours of which anything became known only after their own date. All others have one version, from their date on.
touched as (
  select distinct
    cluster_id,
    hour
  from revisions
  where known_as_of > usage_date or superseded_as_of < {{ open_date() }}
),

steady as (
  select
    revisions.cluster_id,
    revisions.hour,
    revisions.usage_date,
    revisions.usage_date as valid_from_as_of,
    {{ open_date() }} as valid_to_as_of,
    {{ facts }}
  from revisions
  left join touched
    on revisions.cluster_id = touched.cluster_id
    and revisions.hour = touched.hour
  where touched.cluster_id is null
  group by revisions.cluster_id, revisions.hour, revisions.usage_date
),

touched_revisions as (
  select revisions.*
  from revisions
  inner join touched
    on revisions.cluster_id = touched.cluster_id
    and revisions.hour = touched.hour
  where revisions.known_as_of < revisions.superseded_as_of
),

change_dates as (
  select distinct
    cluster_id,
    hour,
    known_as_of as valid_from_as_of
  from touched_revisions
),

changes as (
  select
    *,
    coalesce(
      lead(valid_from_as_of) over (partition by cluster_id, hour order by valid_from_as_of), {{ open_date() }}
    ) as valid_to_as_of
  from change_dates
),

changed as (
  select
    revisions.cluster_id,
    revisions.hour,
    revisions.usage_date,
    changes.valid_from_as_of,
    changes.valid_to_as_of,
    {{ facts }}
  from changes
  inner join touched_revisions as revisions
    on changes.cluster_id = revisions.cluster_id
    and changes.hour = revisions.hour
    and revisions.known_as_of <= changes.valid_from_as_of
    and changes.valid_from_as_of < revisions.superseded_as_of
  group by
    revisions.cluster_id, revisions.hour, revisions.usage_date, changes.valid_from_as_of, changes.valid_to_as_of
),

final as (
  select
    *,
    was_heard or (not has_heartbeat and has_other) as is_observed
  from (
    select * from steady
    union all
    select * from changed
  ) as hours
)

select * from final
