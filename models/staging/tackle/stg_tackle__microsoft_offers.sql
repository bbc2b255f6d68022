with source as (
  select * from {{ source('tackle', 'tackle_microsoft_offers') }}
),

renamed as (
  select
    po_id,
    offer_type,
    product_ref,
    opportunity_id,
    buyer_company_name,
    buyer_billing_account_id,
    start_on,
    {{ text_to_timestamp('start_date') }} as starts_at,
    {{ text_to_timestamp('end_date') }} as ends_at,
    {{ text_to_timestamp('accept_by_date') }} as accept_by_at,
    plan_ref,
    offer_ref,
    subscription_ref,
    state,
    status,
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
    offer_type,
    product_ref,
    opportunity_id,
    buyer_company_name,
    buyer_billing_account_id,
    start_on,
    starts_at,
    ends_at,
    accept_by_at,
    plan_ref,
    offer_ref,
    subscription_ref,
    state,
    status,
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
