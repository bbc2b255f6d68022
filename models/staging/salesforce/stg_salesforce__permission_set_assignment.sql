with source as (
  select * from {{ source('salesforce', 'salesforce_permission_set_assignment') }}
),

renamed as (
  select
    id as permission_set_assignment_id,
    system_modstamp as modified_at,
    assignee_id,
    permission_set_id,
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
    permission_set_assignment_id,
    modified_at,
    assignee_id,
    permission_set_id,
    load_id,
    {{ valid_to_load_id(['permission_set_assignment_id']) }} as valid_to_load_id,
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
