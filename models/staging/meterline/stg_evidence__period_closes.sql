with source as (
  select * from {{ source('evidence', 'period_closes') }}
),

final as (
  select
    month,
    preparation_id,
    cut_off_at,
    prepared_load_id,
    approved_load_id,
    prepared_by,
    prepared_at,
    approved_by,
    approved_at,
    accepted_reason,
    exceptions,
    tree_size,
    {{ bytes_to_hex('root_hash') }} as root_hash,
    timestamped_at
  from source
)

select * from final
