with source as (
  select * from {{ source('polaris', 'polaris_customers') }}
),

renamed as (
  select
    customer_id,
    name,
    salesforce_account_id,
    created_at,
    status,
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
    customer_id,
    name,
    salesforce_account_id,
    created_at,
    status,
    load_id,
    {{ valid_to_load_id(['customer_id']) }} as valid_to_load_id,
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
