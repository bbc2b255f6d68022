with source as (
  select * from {{ source('polaris', 'polaris_users') }}
),

renamed as (
  select
    user_id,
    customer_id,
    email,
    role,
    status,
    last_login_at,
    granted_at,
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
    customer_id,
    email,
    role,
    status,
    last_login_at,
    granted_at,
    load_id,
    {{ valid_to_load_id(['user_id', 'customer_id', 'role']) }} as valid_to_load_id,
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
