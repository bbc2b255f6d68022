{{ config(materialized='incremental', meta={'rebuilt': 'days'}) }}
{{ depends_on_touched('days') }}

with readings as (
  select * from {{ ref('int_reading_revisions') }} as readings
  {% if is_incremental() %}
  where {{ is_touched_reading('days', 'readings') }}
  {% endif %}
),

entries as (
  select * from {{ ref('stg_evidence__entries') }}
  {% if is_incremental() %}
  where evidence_index >= (select min(evidence_index) from readings)
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

closes as (
  select * from {{ ref('stg_evidence__period_closes') }}
),

dated as (
  select
    periods.*,
    periods.recorded_at > coalesce(closes.cut_off_at, {{ close_cut_off_at('periods.service_period') }}) as after_cutoff,
    coalesce(closes.approved_load_id < periods.load_id, false) as was_closed
  from periods
  left join closes on periods.service_period = closes.month
),

-- What missed its period is booked in the earliest later one that was not closed when it was loaded: the next, or the one
-- after a closed one.
missed as (
  select distinct
    service_period,
    load_id
  from dated
  where after_cutoff or was_closed
),

later as (
  select
    service_period,
    load_id,
    {{ date_add_months('service_period', 1) }} as month
  from missed
  union distinct
  select
    missed.service_period,
    missed.load_id,
    {{ date_add_months('closes.month', 1) }} as month
  from missed
  inner join closes
    on missed.service_period < closes.month
    and closes.approved_load_id < missed.load_id
),

postings as (
  select
    later.service_period,
    later.load_id,
    min(later.month) as posting_period
  from later
  left join closes
    on later.month = closes.month
    and closes.approved_load_id < later.load_id
  where closes.month is null
  group by later.service_period, later.load_id
),

kept as (
  select
    entries.evidence_index,
    entries.leaf_hash,
    entries.run_id
  from entries
  {%- if is_incremental() %}
  inner join readings on entries.evidence_index = readings.evidence_index
  {%- endif %}
),

-- The first tree that holds an entry; none while it is not sealed. BigQuery's outer joins need an equality, hence the two steps.
sealed as (
  select
    kept.evidence_index,
    tree_heads.tree_size
  from kept
  inner join tree_heads
    on kept.evidence_index >= tree_heads.from_index
    and kept.evidence_index < tree_heads.tree_size
),

final as (
  select
    kept.evidence_index,
    kept.leaf_hash,
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
    kept.run_id,
    case when readings.revision = 1 then 'original' else 'restatement' end as status,
    readings.after_cutoff,
    sealed.tree_size as checkpoint_size,
    readings.supersedes_index,
    readings.superseded_by_index,
    readings.service_period,
    case when readings.after_cutoff or readings.was_closed then postings.posting_period else readings.service_period end as posting_period
  from kept
  left join dated as readings on kept.evidence_index = readings.evidence_index
  left join postings
    on readings.service_period = postings.service_period
    and readings.load_id = postings.load_id
  left join sealed on kept.evidence_index = sealed.evidence_index
)

select * from final
