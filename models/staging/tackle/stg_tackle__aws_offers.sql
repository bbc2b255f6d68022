with source as (
  select * from {{ source('tackle', 'tackle_aws_offers') }}
),

renamed as (
  select
    po_id,
    offer_id,
    offer_type,
    source_offer_id,
    salesforce_id,
    {{ text_to_timestamp('offer_expiration_at') }} as offer_expiration_at,
    {{ text_to_timestamp('service_start_at') }} as service_start_at,
    {{ text_to_timestamp('service_end_at') }} as service_end_at,
    payment_model,
    currency_code,
    pricing,
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
    po_id,
    offer_id,
    offer_type,
    source_offer_id,
    salesforce_id,
    offer_expiration_at,
    service_start_at,
    service_end_at,
    payment_model,
    currency_code,
    pricing,
    load_id,
    {{ valid_to_load_id(['po_id']) }} as valid_to_load_id,
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
