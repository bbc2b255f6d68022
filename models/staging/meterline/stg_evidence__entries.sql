with source as (
  select * from {{ source('evidence', 'entries') }}
),

final as (
  select
    evidence_index,
    {{ bytes_to_hex('leaf_hash') }} as leaf_hash,
    load_id,
    run_id
  from source
)

select * from final
