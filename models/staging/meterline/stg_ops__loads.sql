with source as (
  select * from {{ source('ops', 'loads') }}
),

-- Loads of earlier versions of the program do not say whether they were replays; none were.
final as (
  select
    load_id,
    run_id,
    source.source as source_name,
    stream,
    coalesce(is_replay, false) as is_replay,
    pages,
    bytes,
    rows_read,
    rows_loaded,
    rows_unchanged,
    rows_quarantined,
    records_vanished,
    as_of as source_as_of,
    drift,
    started_at,
    committed_at
  from source
)

select * from final
