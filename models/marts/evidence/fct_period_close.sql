with newest as (
  select {{ month_start('as_of_date') }} as newest_month from {{ ref('int_as_of_dates') }}
  where is_newest
),

closes as (
  select * from {{ ref('stg_evidence__period_closes') }}
),

preparations as (
  select * from {{ ref('stg_evidence__close_preparations') }}
),

newest_preparations as (
  select
    month,
    max(preparation_id) as preparation_id
  from preparations
  group by month
),

-- The preparation that counts: the approved one of a closed month, else the newest.
chosen as (
  select
    coalesce(closes.month, newest_preparations.month) as month,
    coalesce(closes.preparation_id, newest_preparations.preparation_id) as preparation_id
  from newest_preparations
  full join closes on newest_preparations.month = closes.month
),

prepared as (
  select preparations.*
  from preparations
  inner join chosen on preparations.preparation_id = chosen.preparation_id
),

readings as (
  select
    {{ month_start('usage_date') }} as month,
    count(*) as readings
  from {{ ref('fct_usage_hourly') }}
  group by 1
),

lines as (
  select
    close_month as month,
    count(*) as lines
  from {{ ref('fct_overage') }}
  group by close_month
),

frozen_lines as (
  select
    close_month as month,
    count(*) as lines
  from {{ ref('stg_evidence__closed_lines') }}
  group by close_month
),

exceptions as (
  select
    period as month,
    count(case when is_open then 1 end) as open_exceptions
  from {{ ref('fct_evidence_exceptions') }}
  group by period
),

-- An anniversary line waits for a month that may lie ahead.
months as (
  select month from readings
  union distinct
  select lines.month from lines
  inner join newest on lines.month <= newest.newest_month
  union distinct
  select month from chosen
),

final as (
  select
    months.month,
    case
      when closes.month is not null then 'closed'
      when prepared.month is not null then 'soft_closed'
      else 'open'
    end as status,
    coalesce(closes.cut_off_at, prepared.cut_off_at, {{ close_cut_off_at('months.month') }}) as cut_off_at,
    prepared.preparation_id,
    coalesce(closes.prepared_by, prepared.prepared_by) as prepared_by,
    coalesce(closes.prepared_at, prepared.prepared_at) as prepared_at,
    closes.approved_by,
    closes.approved_at,
    closes.accepted_reason,
    coalesce(closes.prepared_load_id, prepared.load_id) as prepared_load_id,
    closes.approved_load_id,
    coalesce(closes.tree_size, prepared.tree_size) as tree_size,
    coalesce(closes.root_hash, prepared.root_hash) as root_hash,
    closes.timestamped_at,
    coalesce(readings.readings, 0) as readings,
    case
      when closes.month is not null then coalesce(frozen_lines.lines, 0)
      else coalesce(prepared.lines, lines.lines, 0)
    end as lines,
    coalesce(closes.exceptions, prepared.exceptions) as exceptions_at_close,
    coalesce(exceptions.open_exceptions, 0) as open_exceptions,
    prepared.lines_reperformed,
    prepared.reperform_differences
  from months
  left join closes on months.month = closes.month
  left join prepared on months.month = prepared.month
  left join readings on months.month = readings.month
  left join lines on months.month = lines.month
  left join frozen_lines on months.month = frozen_lines.month
  left join exceptions on months.month = exceptions.month
)

select * from final
