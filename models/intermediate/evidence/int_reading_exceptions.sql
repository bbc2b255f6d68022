-- What is wrong with the readings as they came, before anything is decided of an hour: refused rows, control totals that
-- still differ, missing numbers. A refused row that was settled stays, not open.
with quarantined as (
  select * from {{ ref('int_quarantined_readings') }}
),

totals as (
  select * from {{ ref('stg_ops__control_totals') }}
),

-- A day is compared whole, so only its newest comparison says how it stands: what an earlier one missed may be there by now.
newest_comparisons as (
  select
    usage_date,
    max(compared_at) as compared_at
  from totals
  group by usage_date
),

differences as (
  select
    totals.usage_date,
    totals.hour,
    totals.dimension,
    'stated ' || coalesce({{ count_text('totals.source_readings', 'reading') }}, 'none')
    || ', held ' || coalesce({{ count_text('totals.warehouse_readings', 'reading') }}, 'none') as detail
  from totals
  inner join newest_comparisons
    on totals.usage_date = newest_comparisons.usage_date
    and totals.compared_at = newest_comparisons.compared_at
  where totals.is_different
),

gaps as (
  select
    cluster_id,
    usage_date,
    seq_gaps,
    cast(usage_date as timestamp) as first_hour,
    {{ timestamp_add_hours('cast(usage_date as timestamp)', 23) }} as last_hour
  from {{ ref('int_seq_gaps') }}
),

linked_gaps as (
  select
    gaps.cluster_id,
    gaps.usage_date,
    min(links.subscription_id) as subscription_id
  from gaps
  inner join {{ ref('int_subscription_links') }} as links
    on gaps.cluster_id = links.cluster_id
    and links.from_hour <= gaps.last_hour
    and gaps.last_hour < links.to_hour
  group by gaps.cluster_id, gaps.usage_date
),

final as (
  select
    {{ surrogate_key(["'quarantined_reading'", 'quarantine_id']) }} as exception_id,
    period,
    'quarantined_reading' as kind,
    subscription_id,
    cluster_id,
    dimension,
    hour,
    hour as first_hour,
    hour as last_hour,
    cast(case when hour is not null then 1 end as {{ type_bigint() }}) as amount_of_hours,
    is_open,
    'Polaris reading refused' || coalesce(': column ' || column_name, '') || ': ' || coalesce(reason, 'no reason kept')
    || case placed_by
      when 'hour' then ''
      when 'number' then ' (no readable hour: month of its neighbour by number)'
      when 'page' then ' (no readable hour: month of its neighbour in the page)'
      else ' (no readable hour: month of the page)'
    end
    || case
      when is_open then '; look at quarantine entry ' || cast(quarantine_id as {{ type_text() }})
        || ', have Polaris restate it or mend its cause, then run `quarantine replay`'
      else '; settled since'
    end as sentence
  from quarantined
  union all
  select
    {{ surrogate_key(["'control_total_difference'", instant_text('hour'), 'dimension']) }} as exception_id,
    {{ month_start('usage_date') }} as period,
    'control_total_difference' as kind,
    cast(null as {{ type_text() }}) as subscription_id,
    cast(null as {{ type_text() }}) as cluster_id,
    dimension,
    hour,
    hour as first_hour,
    hour as last_hour,
    cast(1 as {{ type_bigint() }}) as amount_of_hours,
    true as is_open,
    'Polaris control totals differ from the readings held: ' || detail
    || '; read the day again with `backfill --reprocess failed`, and ask Polaris if it stays' as sentence
  from differences
  union all
  select
    {{ surrogate_key(["'seq_gap'", 'gaps.cluster_id', date_diff_days("date '1970-01-01'", 'gaps.usage_date')]) }} as exception_id,
    {{ month_start('gaps.usage_date') }} as period,
    'seq_gap' as kind,
    linked_gaps.subscription_id,
    gaps.cluster_id,
    cast(null as {{ type_text() }}) as dimension,
    cast(null as timestamp) as hour,
    gaps.first_hour,
    gaps.last_hour,
    cast(null as {{ type_bigint() }}) as amount_of_hours,
    true as is_open,
    'Polaris numbers of ' || gaps.cluster_id || ' that never came: ' || {{ count_text('gaps.seq_gaps', 'number') }}
    || '; read the day again with `backfill --reprocess failed`, and ask Polaris if they stay missing' as sentence
  from gaps
  left join linked_gaps
    on gaps.cluster_id = linked_gaps.cluster_id
    and gaps.usage_date = linked_gaps.usage_date
)

select * from final
