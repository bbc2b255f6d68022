{{ config(materialized='view') }}

-- Revisions of one reading differ, so a reading with several has one above 1. Only these few need an order among them; the
-- wide rows are read once.
with restated_keys as (
  select distinct
    cluster_id,
    dimension,
    hour
  from {{ ref('stg_polaris__readings') }}
  where revision > 1
),

restated as (
  select
    readings.evidence_index,
    readings.cluster_id,
    readings.dimension,
    readings.hour,
    readings.revision,
    {{ greatest_known('readings.usage_date', first_as_of_date('readings.recorded_at')) }} as known_as_of
  from {{ ref('stg_polaris__readings') }} as readings
  inner join restated_keys
    on readings.cluster_id = restated_keys.cluster_id
    and readings.dimension = restated_keys.dimension
    and readings.hour = restated_keys.hour
),

ordered as (
  select
    evidence_index,
    min(known_as_of) over (
      partition by cluster_id, dimension, hour
      order by revision desc
      rows between unbounded preceding and 1 preceding
    ) as superseded_as_of,
    lag(evidence_index) over (partition by cluster_id, dimension, hour order by revision) as supersedes_index,
    lead(evidence_index) over (partition by cluster_id, dimension, hour order by revision) as superseded_by_index
  from restated
),

final as (
  select
    readings.*,
    {{ greatest_known('readings.usage_date', first_as_of_date('readings.recorded_at')) }} as known_as_of,
    ordered.superseded_as_of,
    ordered.supersedes_index,
    ordered.superseded_by_index,
    ordered.superseded_by_index is null as is_current
  from {{ ref('stg_polaris__readings') }} as readings
  left join ordered on readings.evidence_index = ordered.evidence_index
)

select * from final
