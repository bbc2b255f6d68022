with source as (
  select * from {{ source('salesforce', 'salesforce_case') }}
),

renamed as (
  select
    id as case_id,
    created_date as created_at,
    system_modstamp as modified_at,
    is_deleted,
    account_id,
    subject,
    status,
    priority,
    origin,
    closed_date as closed_at,
    is_closed,
    category,
    deployment,
    first_response_at,
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
    case_id,
    created_at,
    modified_at,
    is_deleted,
    account_id,
    subject,
    status,
    priority,
    origin,
    closed_at,
    is_closed,
    category,
    deployment,
    first_response_at,
    load_id,
    {{ valid_to_load_id(['case_id']) }} as valid_to_load_id,
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
