with source as (
  select * from {{ source('ops', 'snapshots') }}
),

final as (
  select
    snapshot_id,
    source.source as source_name,
    load_id,
    snapshot_date
  from source
)

select * from final
