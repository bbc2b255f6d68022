-- Numbers that Polaris gave to rows of a cluster and that were never seen, on the day of the row after the hole.
-- A row that was refused or held already fills its number; its own hour is not known here, so a hole before it falls on the
-- day of the next reading (after the last reading: on the day of the last one).
with numbered as (
  select
    cluster_id,
    seq,
    usage_date
  from {{ ref('stg_polaris__readings') }}
  union all
  select
    cluster_id,
    seq,
    cast(null as date) as usage_date
  from {{ ref('stg_polaris__seq_fillers') }}
),

-- Numbers start at 1 for each cluster.
followed as (
  select
    cluster_id,
    seq,
    usage_date,
    seq - coalesce(lag(seq) over (partition by cluster_id order by seq), 0) - 1 as missing_numbers
  from numbered
),

holes as (
  select * from followed
  where missing_numbers > 0
),

unplaced as (
  select * from holes
  where usage_date is null
),

before_fillers as (
  select
    unplaced.cluster_id,
    unplaced.seq,
    unplaced.missing_numbers,
    min(case when readings.seq >= unplaced.seq then readings.seq end) as next_seq,
    max(readings.seq) as last_seq
  from unplaced
  inner join {{ ref('stg_polaris__readings') }} as readings on unplaced.cluster_id = readings.cluster_id
  group by unplaced.cluster_id, unplaced.seq, unplaced.missing_numbers
),

placed as (
  select
    cluster_id,
    usage_date,
    missing_numbers
  from holes
  where usage_date is not null
  union all
  select
    before_fillers.cluster_id,
    readings.usage_date,
    before_fillers.missing_numbers
  from before_fillers
  inner join {{ ref('stg_polaris__readings') }} as readings
    on before_fillers.cluster_id = readings.cluster_id
    and coalesce(before_fillers.next_seq, before_fillers.last_seq) = readings.seq
),

final as (
  select
    cluster_id,
    usage_date,
    cast(sum(missing_numbers) as {{ type_bigint() }}) as seq_gaps
  from placed
  group by cluster_id, usage_date
)

select * from final
