with source as (
  select * from {{ source('salesforce', 'salesforce_profile') }}
),

renamed as (
  select
    id as profile_id,
    system_modstamp as modified_at,
    name,
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
    profile_id,
    modified_at,
    name,
    load_id,
    {{ valid_to_load_id(['profile_id']) }} as valid_to_load_id,
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
