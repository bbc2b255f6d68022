-- Rules about the completeness of the readings, as broken on each date from which on Polaris is known: by what had been
-- loaded when the date's snapshot was taken.
with dates as (
  select * from {{ ref('int_as_of_dates') }}
  where polaris_known
),

-- A number is there from the first load on that brought it, as a reading or as a row that was refused or held already.
numbers as (
  select
    cluster_id,
    seq,
    min(load_id) as load_id
  from (
    select
      cluster_id,
      seq,
      load_id
    from {{ ref('stg_polaris__readings') }}
    union all
    select
      cluster_id,
      seq,
      load_id
    from {{ ref('stg_polaris__seq_fillers') }}
  ) as delivered
  group by cluster_id, seq
),

loads as (
  select
    cluster_id,
    load_id,
    count(*) as numbers,
    max(seq) as last_seq
  from numbers
  group by cluster_id, load_id
),

-- Numbers start at 1 for each cluster, so what is missing is the highest one less how many there are.
running as (
  select
    cluster_id,
    load_id,
    lead(load_id) over (partition by cluster_id order by load_id) as next_load_id,
    max(last_seq) over (
      partition by cluster_id order by load_id rows between unbounded preceding and current row
    ) - sum(numbers) over (
      partition by cluster_id order by load_id rows between unbounded preceding and current row
    ) as missing_numbers
  from loads
),

gaps as (
  select
    dates.as_of_date,
    'seq_gap' as rule_id,
    running.cluster_id as record_id,
    {{ count_text('cast(running.missing_numbers as ' ~ type_bigint() ~ ')', 'number') }} || ' missing' as detail
  from running
  inner join dates
    on running.load_id <= dates.polaris_load_id
    and (running.next_load_id is null or dates.polaris_load_id < running.next_load_id)
  where running.missing_numbers > 0
),

totals as (
  select * from {{ ref('stg_ops__control_totals') }}
),

-- A day is compared whole: its newest comparison says how it stands, until the next one.
compared as (
  select
    usage_date,
    compared_at,
    min(load_id) as load_id
  from totals
  group by usage_date, compared_at
),

comparisons as (
  select
    compared.*,
    lead(load_id) over (partition by usage_date order by compared_at) as next_load_id
  from compared
),

differences as (
  select
    dates.as_of_date,
    'control_total_difference' as rule_id,
    {{ instant_text('totals.hour') }} || ' ' || totals.dimension as record_id,
    'stated ' || coalesce({{ count_text('totals.source_readings', 'reading') }}, 'none')
    || ', held ' || coalesce({{ count_text('totals.warehouse_readings', 'reading') }}, 'none') as detail
  from comparisons
  inner join dates
    on comparisons.load_id <= dates.polaris_load_id
    and (comparisons.next_load_id is null or dates.polaris_load_id < comparisons.next_load_id)
  inner join totals
    on comparisons.usage_date = totals.usage_date
    and comparisons.compared_at = totals.compared_at
  where totals.is_different
),

final as (
  select * from gaps
  union all
  select * from differences
)

select * from final
