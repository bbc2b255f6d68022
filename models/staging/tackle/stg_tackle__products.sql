with source as (
  select * from {{ source('tackle', 'tackle_products') }}
),

renamed as (
  select
    product_id,
    product,
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
    product_id,
    product,
    load_id,
    {{ valid_to_load_id(['product_id']) }} as valid_to_load_id,
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
