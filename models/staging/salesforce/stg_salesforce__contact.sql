with source as (
  select * from {{ source('salesforce', 'salesforce_contact') }}
),

renamed as (
  select
    id as contact_id,
    created_date as created_at,
    system_modstamp as modified_at,
    is_deleted,
    account_id,
    email,
    first_name,
    last_name,
    title,
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
    contact_id,
    created_at,
    modified_at,
    is_deleted,
    account_id,
    email,
    first_name,
    last_name,
    title,
    load_id,
    {{ valid_to_load_id(['contact_id']) }} as valid_to_load_id,
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
