with source as (
  select * from {{ source('tackle', 'tackle_usage_records') }}
),

renamed as (
  select
    id as usage_record_id,
    cloud,
    product_id,
    customer_id as buyer_id,
    subscription_id,
    dimension_name,
    {{ text_to_decimal('dimension_quantity') }} as dimension_quantity,
    start_time,
    end_time,
    created_at,
    updated_at,
    deleted_at,
    scheduled_at,
    status,
    reason,
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
    usage_record_id,
    cloud,
    product_id,
    buyer_id,
    subscription_id,
    dimension_name,
    dimension_quantity,
    start_time,
    end_time,
    created_at,
    updated_at,
    deleted_at,
    scheduled_at,
    status,
    reason,
    load_id,
    {{ valid_to_load_id(['usage_record_id']) }} as valid_to_load_id,
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
