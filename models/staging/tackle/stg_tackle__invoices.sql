with source as (
  select * from {{ source('tackle', 'tackle_invoices') }}
),

renamed as (
  select
    invoice_id,
    cloud,
    account_receivable_period,
    product,
    transaction_id,
    {{ text_to_decimal('seller_revenue') }} as seller_revenue,
    {{ text_to_decimal('marketplace_fee') }} as marketplace_fee,
    {{ text_to_decimal('net_amount') }} as net_amount,
    account_number,
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
    invoice_id,
    cloud,
    account_receivable_period,
    product,
    transaction_id,
    seller_revenue,
    marketplace_fee,
    net_amount,
    account_number,
    load_id,
    {{ valid_to_load_id(['cloud', 'invoice_id', 'transaction_id']) }} as valid_to_load_id,
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
