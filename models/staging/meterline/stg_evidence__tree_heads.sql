with source as (
  select * from {{ source('evidence', 'tree_heads') }}
),

final as (
  select
    tree_size,
    {{ bytes_to_hex('root_hash') }} as root_hash,
    run_id,
    sealed_at
  from source
)

select * from final
