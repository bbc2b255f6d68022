with source as (
  select * from {{ source('salesforce', 'salesforce_user') }}
),

renamed as (
  select
    id as user_id,
    system_modstamp as modified_at,
    username,
    email,
    name,
    is_active,
    profile_id,
    user_role_id,
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
    user_id,
    modified_at,
    username,
    email,
    name,
    is_active,
    profile_id,
    user_role_id,
    load_id,
    {{ valid_to_load_id(['user_id']) }} as valid_to_load_id,
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
