{{ config(materialized='view') }}

-- What each entry of the log changed of its reading: first those that the service period was booked with, then those of each
-- later month, by revision. An entry that is older than what was booked by then changes nothing.
with entries as (
  select
    evidence_index,
    cluster_id,
    dimension,
    hour_start,
    usage_date,
    quantity_decimal,
    revision_number,
    service_period,
    posting_period,
    posting_period > service_period as is_late,
    supersedes_index is null and superseded_by_index is null as is_alone
  from {{ ref('fct_metering_evidence') }}
),

-- Only readings with several entries need an order among them.
held as (
  select
    entries.*,
    max(revision_number) over (
      partition by cluster_id, dimension, hour_start
      order by posting_period, revision_number
      rows between unbounded preceding and 1 preceding
    ) as held_revision
  from entries
  where not is_alone
),

with_held as (
  select
    held.*,
    before.quantity_decimal as held_quantity
  from held
  left join held as before
    on held.cluster_id = before.cluster_id
    and held.dimension = before.dimension
    and held.hour_start = before.hour_start
    and held.held_revision = before.revision_number
),

movements as (
  select
    evidence_index,
    dimension,
    usage_date,
    service_period,
    posting_period,
    is_late,
    true as is_first,
    cast(null as {{ type_decimal() }}) as quantity_before,
    quantity_decimal as quantity_after
  from entries
  where is_alone
  union all
  select
    evidence_index,
    dimension,
    usage_date,
    service_period,
    posting_period,
    is_late,
    held_revision is null as is_first,
    held_quantity as quantity_before,
    case when held_revision > revision_number then held_quantity else quantity_decimal end as quantity_after
  from with_held
),

final as (
  select
    movements.*,
    quantity_after - coalesce(quantity_before, 0) as quantity_change
  from movements
)

select * from final
