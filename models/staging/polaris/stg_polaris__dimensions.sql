with source as (
  select * from {{ source('polaris', 'polaris_dimensions') }}
),

renamed as (
  select
    dimension,
    unit,
    measure,
    billable,
    description,
    load_id,
    is_vanished,
    record_hash,
    run_id,
    loaded_at,
    received_at,
    page_sha256,
    page_offset
  from source
),

final as (
  select
    dimension,
    unit,
    measure,
    billable,
    description,
    load_id,
    {{ valid_to_load_id(['dimension']) }} as valid_to_load_id,
    is_vanished,
    record_hash,
    run_id,
    loaded_at,
    received_at,
    page_sha256,
    page_offset
  from renamed
)

select * from final
