with newest as (
  select max(as_of_date) as as_of_date from {{ ref('int_as_of_dates') }}
),

movements as (
  select * from {{ ref('int_reading_movements') }}
  where is_late
),

entries as (
  select * from {{ ref('fct_metering_evidence') }}
  where posting_period > service_period
),

hours as (
  select * from {{ ref('int_overage_hours') }}
),

adjustment_lines as (
  select
    line_id,
    corrects_line_id,
    posting_period
  from {{ ref('fct_overage') }}
  where line_type = 'adjustment'
),

final as (
  select
    entries.evidence_index,
    entries.reading_id,
    entries.supersedes_index,
    entries.cluster_id,
    entries.customer_id,
    entries.subscription_id,
    entries.dimension,
    entries.unit,
    entries.hour_start as hour,
    entries.usage_date,
    entries.service_period,
    entries.posting_period,
    entries.status,
    entries.after_cutoff,
    coalesce(entries.usage_date <= newest.as_of_date, false) as is_in_usage,
    entries.recorded_at_utc as recorded_at,
    entries.loaded_at,
    movements.quantity_before,
    movements.quantity_after,
    movements.quantity_change,
    hours.line_id as corrects_line_id,
    adjustment_lines.line_id as adjustment_line_id
  from entries
  cross join newest
  inner join movements on entries.evidence_index = movements.evidence_index
  left join hours
    on entries.subscription_id = hours.subscription_id
    and entries.dimension = hours.dimension
    and entries.hour_start = hours.hour
  left join adjustment_lines
    on hours.line_id = adjustment_lines.corrects_line_id
    and entries.posting_period = adjustment_lines.posting_period
)

select * from final
