with source as (
  select * from {{ source('tackle', 'tackle_subscriptions') }}
),

renamed as (
  select
    tackle_subscription_id as subscription_id,
    product_id,
    cloud,
    customer_id as buyer_id,
    offer_id,
    created_at,
    registered_at,
    started_at,
    ended_at,
    cancelled_at,
    updated_at,
    is_free_trial,
    entitlements,
    registration_details,
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
    subscription_id,
    product_id,
    cloud,
    buyer_id,
    offer_id,
    created_at,
    registered_at,
    started_at,
    ended_at,
    cancelled_at,
    updated_at,
    is_free_trial,
    entitlements,
    registration_details,
    load_id,
    {{ valid_to_load_id(['subscription_id']) }} as valid_to_load_id,
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
