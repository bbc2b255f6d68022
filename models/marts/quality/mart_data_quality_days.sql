with newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

coverage as (
  select
    usage_date,
    sum(hours_expected) as hours_expected,
    sum(hours_observed_active + hours_observed_zero) as hours_observed,
    sum(hours_missing_source) as hours_missing_source,
    sum(hours_missing_cluster) as hours_missing_cluster,
    sum(seq_gaps) as seq_gaps
  from {{ ref('fct_telemetry_coverage') }}
  group by usage_date
),

readings as (
  select
    usage_date,
    count(*) as readings,
    sum(case when is_late then 1 else 0 end) as late_readings
  from {{ ref('fct_usage_hourly') }}
  group by usage_date
),

restated as (
  select
    usage_date,
    count(*) as restatements
  from {{ ref('stg_polaris__readings') }}
  where revision > 1
  group by usage_date
),

-- The loader's own words for a reading that was delivered before with another content.
refused as (
  select
    usage_date,
    count(*) as rows_quarantined,
    sum(case when status = 'open' then 1 else 0 end) as quarantined_open,
    sum(case when reason like '%delivered before with different content%' then 1 else 0 end) as conflicts
  from {{ ref('stg_ops__quarantine') }}
  where source_name = 'polaris'
    and stream = 'readings'
  group by usage_date
),

-- A day is compared whole, so only its newest comparison says how it stands: what an earlier one missed may be there by now.
compared as (
  select
    *,
    max(compared_at) over (partition by usage_date) as newest_at
  from {{ ref('stg_ops__control_totals') }}
),

totals as (
  select
    usage_date,
    max(compared_at) as control_totals_at,
    count(*) as control_totals_compared,
    sum(case when is_different then 1 else 0 end) as control_totals_different,
    sum(readings_difference) as readings_difference
  from compared
  where compared_at = newest_at
  group by usage_date
),

days as (
  select usage_date from coverage
  union distinct
  select usage_date from readings
  union distinct
  select usage_date from restated
  union distinct
  select usage_date from refused
  union distinct
  select usage_date from totals
),

final as (
  select
    days.usage_date,
    coalesce(readings.readings, 0) as readings,
    cast(coalesce(readings.late_readings, 0) as {{ type_bigint() }}) as late_readings,
    coalesce(restated.restatements, 0) as restatements,
    coalesce(refused.rows_quarantined, 0) as rows_quarantined,
    cast(coalesce(refused.quarantined_open, 0) as {{ type_bigint() }}) as quarantined_open,
    cast(coalesce(refused.conflicts, 0) as {{ type_bigint() }}) as conflicts,
    coalesce(totals.control_totals_compared, 0) as control_totals_compared,
    cast(coalesce(totals.control_totals_different, 0) as {{ type_bigint() }}) as control_totals_different,
    cast(totals.readings_difference as {{ type_bigint() }}) as readings_difference,
    totals.control_totals_at,
    cast(coalesce(coverage.hours_expected, 0) as {{ type_bigint() }}) as hours_expected,
    cast(coalesce(coverage.hours_observed, 0) as {{ type_bigint() }}) as hours_observed,
    cast(coalesce(coverage.hours_missing_source, 0) as {{ type_bigint() }}) as hours_missing_source,
    cast(coalesce(coverage.hours_missing_cluster, 0) as {{ type_bigint() }}) as hours_missing_cluster,
    {{ safe_divide('coverage.hours_observed', 'coverage.hours_expected') }} as coverage,
    cast(coalesce(coverage.seq_gaps, 0) as {{ type_bigint() }}) as seq_gaps
  from days
  inner join newest on days.usage_date <= newest.as_of_date
  left join coverage on days.usage_date = coverage.usage_date
  left join readings on days.usage_date = readings.usage_date
  left join restated on days.usage_date = restated.usage_date
  left join refused on days.usage_date = refused.usage_date
  left join totals on days.usage_date = totals.usage_date
)

select * from final
