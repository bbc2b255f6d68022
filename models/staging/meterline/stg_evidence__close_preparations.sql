with source as (
  select * from {{ source('evidence', 'close_preparations') }}
),

final as (
  select
    preparation_id,
    month,
    cut_off_at,
    load_id,
    as_of_date,
    prepared_by,
    prepared_at,
    tree_size,
    {{ bytes_to_hex('root_hash') }} as root_hash,
    lines,
    exceptions,
    lines_reperformed,
    reperform_differences,
    program_version
  from source
)

select * from final
