with source as (
  select * from {{ source('salesforce', 'salesforce_entitlement') }}
),

renamed as (
  select
    id as entitlement_id,
    created_date as created_at,
    system_modstamp as modified_at,
    is_deleted,
    account_id,
    name,
    status,
    start_date,
    end_date,
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
    entitlement_id,
    created_at,
    modified_at,
    is_deleted,
    account_id,
    name,
    status,
    start_date,
    end_date,
    load_id,
    {{ valid_to_load_id(['entitlement_id']) }} as valid_to_load_id,
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
