with source as (
  select * from {{ source('ops', 'quarantine') }}
),

-- A refused row may say anything, so its hour is taken only where it is one. Entries of earlier versions of the program do
-- not say how often they were seen.
final as (
  select
    quarantine_id,
    run_id,
    load_id,
    source.source as source_name,
    stream,
    page_sha256,
    page_offset,
    column_name,
    value,
    reason,
    cluster_id,
    seq,
    status,
    coalesce(times_seen, 1) as times_seen,
    quarantined_at,
    last_seen_at,
    replayed_at,
    {{ timestamp_day(text_to_timestamp(json_text_of_any('row_text', '$.hour'))) }} as usage_date,
    {{ hour_floor(text_to_timestamp(json_text_of_any('row_text', '$.hour'))) }} as hour,
    {{ json_text_of_any('row_text', '$.dimension') }} as dimension,
    {{ json_text_of_any('row_text', '$.subscription_id') }} as subscription_id
  from source
)

select * from final
