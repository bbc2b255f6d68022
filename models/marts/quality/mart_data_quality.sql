with streams as (
  select * from {{ ref('int_streams') }}
),

loads as (
  select * from {{ ref('stg_ops__loads') }}
),

newest as (
  select max(as_of_date) as as_of_date from {{ ref('stg_ops__runs') }}
),

snapshots as (
  select
    source_name,
    max(snapshot_date) as snapshot_date
  from {{ ref('stg_ops__snapshots') }}
  group by source_name
),

-- A replay tries landed rows again, so only loads that read the source count as read.
volumes as (
  select
    source_name,
    stream,
    count(*) as loads,
    sum(pages) as pages,
    sum(bytes) as bytes,
    sum(rows_read) as rows_read,
    sum(rows_loaded) as rows_loaded,
    sum(rows_unchanged) as rows_unchanged,
    sum(rows_quarantined) as rows_quarantined,
    sum(records_vanished) as records_vanished,
    max(source_as_of) as source_as_of,
    max(load_id) as last_load_id
  from loads
  where not is_replay
  group by source_name, stream
),

replays as (
  select
    source_name,
    stream,
    sum(rows_loaded) as rows_replayed
  from loads
  where is_replay
  group by source_name, stream
),

-- Freshness without a clock: against the newest commit of any stream, by the same clock.
newest_commit as (
  select max(committed_at) as committed_at from loads where not is_replay
),

quarantined as (
  select
    source_name,
    stream,
    sum(case when status = 'open' then 1 else 0 end) as quarantined_open,
    sum(case when status = 'replayed' then 1 else 0 end) as quarantined_replayed,
    sum(case when status = 'outdated' then 1 else 0 end) as quarantined_outdated,
    min(case when status = 'open' then quarantined_at end) as open_since
  from {{ ref('stg_ops__quarantine') }}
  group by source_name, stream
),

reasons as (
  select
    source_name,
    stream,
    coalesce(column_name, 'row') || ': ' || reason as open_reason,
    count(*) as entries
  from {{ ref('stg_ops__quarantine') }}
  where status = 'open'
  group by source_name, stream, column_name, reason
),

commonest as (
  select
    *,
    row_number() over (partition by source_name, stream order by entries desc, open_reason) as reason_rank
  from reasons
),

drift_seen as (
  select
    loads.source_name,
    loads.stream,
    field_item as field_name,
    max(loads.load_id) as last_load_id
  from loads, {{ numbered_elements(json_field_names('loads.drift'), 'field') }}
  where not loads.is_replay
  group by loads.source_name, loads.stream, field_item
),

drift as (
  select
    drift_seen.source_name,
    drift_seen.stream,
    count(*) as drift_fields,
    sum(case when drift_seen.last_load_id = volumes.last_load_id then 1 else 0 end) as drift_fields_last_load,
    string_agg(drift_seen.field_name, ', ' order by drift_seen.field_name) as drift_field_names
  from drift_seen
  inner join volumes
    on drift_seen.source_name = volumes.source_name
    and drift_seen.stream = volumes.stream
  group by drift_seen.source_name, drift_seen.stream
),

-- Of all streams only readings have control totals, numbers in a row and expected hours; for the others these are unknown.
readings as (
  select
    'polaris' as source_name,
    'readings' as stream,
    coalesce(sum(control_totals_compared), 0) as control_totals_compared,
    coalesce(sum(control_totals_different), 0) as control_totals_different,
    coalesce(sum(seq_gaps), 0) as seq_gaps,
    coalesce(sum(hours_expected), 0) as hours_expected,
    coalesce(sum(hours_missing_source), 0) as hours_missing_source,
    coalesce(sum(hours_missing_cluster), 0) as hours_missing_cluster,
    coalesce(sum(late_readings), 0) as late_readings,
    coalesce(sum(restatements), 0) as restatements,
    coalesce(sum(conflicts), 0) as conflicts
  from {{ ref('mart_data_quality_days') }}
),

final as (
  select
    streams.source_name as source,
    streams.stream,
    newest.as_of_date,
    snapshots.snapshot_date,
    -- A run for an earlier as-of date still reads what is newest, which is not ahead of it.
    case
      when snapshots.snapshot_date > newest.as_of_date then 0
      else {{ date_diff_days('snapshots.snapshot_date', 'newest.as_of_date') }}
    end as days_behind,
    volumes.source_as_of,
    last_load.committed_at as last_loaded_at,
    last_load.run_id as last_run_id,
    {{ integer_divide(timestamp_diff_microseconds('last_load.committed_at', 'newest_commit.committed_at'), 3600000000) }} as hours_behind,
    coalesce(volumes.loads, 0) as loads,
    {%- for figure in ['pages', 'bytes', 'rows_read', 'rows_loaded', 'rows_unchanged', 'rows_quarantined', 'records_vanished'] %}
    cast(coalesce(volumes.{{ figure }}, 0) as {{ type_bigint() }}) as {{ figure }},
    {%- endfor %}
    cast(coalesce(replays.rows_replayed, 0) as {{ type_bigint() }}) as rows_replayed,
    {{ safe_divide('volumes.rows_quarantined', 'volumes.rows_read') }} as quarantine_share,
    {%- for figure in ['pages', 'bytes', 'rows_read', 'rows_loaded', 'rows_unchanged', 'rows_quarantined'] %}
    last_load.{{ figure }} as last_{{ figure }},
    {%- endfor %}
    {{ safe_divide('last_load.rows_quarantined', 'last_load.rows_read') }} as last_quarantine_share,
    {%- for figure in ['quarantined_open', 'quarantined_replayed', 'quarantined_outdated'] %}
    cast(coalesce(quarantined.{{ figure }}, 0) as {{ type_bigint() }}) as {{ figure }},
    {%- endfor %}
    quarantined.open_since,
    commonest.open_reason,
    coalesce(drift.drift_fields, 0) as drift_fields,
    cast(coalesce(drift.drift_fields_last_load, 0) as {{ type_bigint() }}) as drift_fields_last_load,
    drift.drift_field_names,
    {%- for figure in ['control_totals_compared', 'control_totals_different', 'seq_gaps', 'hours_expected', 'hours_missing_source', 'hours_missing_cluster', 'late_readings', 'restatements', 'conflicts'] %}
    cast(readings.{{ figure }} as {{ type_bigint() }}) as {{ figure }}{{ ',' if not loop.last }}
    {%- endfor %}
  from streams
  cross join newest
  cross join newest_commit
  {%- for of_stream in ['volumes', 'replays', 'quarantined', 'drift', 'readings'] %}
  left join {{ of_stream }}
    on streams.source_name = {{ of_stream }}.source_name
    and streams.stream = {{ of_stream }}.stream
  {%- endfor %}
  left join commonest
    on streams.source_name = commonest.source_name
    and streams.stream = commonest.stream
    and commonest.reason_rank = 1
  left join loads as last_load on volumes.last_load_id = last_load.load_id
  left join snapshots on streams.source_name = snapshots.source_name
)

select * from final
