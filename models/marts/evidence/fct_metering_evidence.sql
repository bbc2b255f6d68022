{{ config(materialized='incremental', meta={'rebuilt': 'days'}) }}
{{ depends_on_touched('days') }}

with entries as (
  select * from {{ ref('stg_evidence__entries') }}
),

readings as (
  select * from {{ ref('int_reading_revisions') }} as readings
  {% if is_incremental() %}
  where {{ is_touched('days', 'readings') }}
  {% endif %}
),

tree_heads as (
  select
    coalesce(lag(tree_size) over (order by tree_size), 0) as from_index,
    tree_size
  from {{ ref('stg_evidence__tree_heads') }}
),

periods as (
  select
    *,
    {{ month_start('usage_date') }} as service_period
  from readings
),

dated as (
  select
    *,
    recorded_at > {{ close_cut_off_at('service_period') }} as after_cutoff
  from periods
),

final as (
  select
    entries.evidence_index,
    entries.leaf_hash,
    readings.cluster_id,
    readings.customer_id,
    readings.dimension,
    readings.hour_text as hour,
    readings.page_sha256,
    readings.quantity_text as quantity,
    readings.reading_id,
    readings.recorded_at_text as recorded_at,
    cast(readings.revision as {{ type_text() }}) as revision,
    cast(readings.seq as {{ type_text() }}) as seq,
    readings.subscription_id,
    readings.unit,
    readings.hour as hour_start,
    readings.usage_date,
    readings.quantity as quantity_decimal,
    readings.recorded_at as recorded_at_utc,
    readings.revision as revision_number,
    readings.seq as seq_number,
    readings.received_at,
    readings.loaded_at,
    entries.run_id,
    case when readings.revision = 1 then 'original' else 'restatement' end as status,
    readings.after_cutoff,
    tree_heads.tree_size as checkpoint_size,
    readings.supersedes_index,
    readings.superseded_by_index,
    readings.service_period,
    -- No period is closed yet, so every later period is open: what missed its cut-off is booked in the next one.
    case
      when readings.after_cutoff then {{ date_add_months('readings.service_period', 1) }}
      else readings.service_period
    end as posting_period
  from entries
  {{ "inner" if is_incremental() else "left" }} join dated as readings on entries.evidence_index = readings.evidence_index
  left join tree_heads
    on entries.evidence_index >= tree_heads.from_index
    and entries.evidence_index < tree_heads.tree_size
)

select * from final
