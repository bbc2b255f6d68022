with source as (
  select * from {{ source('salesforce', 'salesforce_opportunity') }}
),

renamed as (
  select
    id as opportunity_id,
    created_date as created_at,
    system_modstamp as modified_at,
    is_deleted,
    account_id,
    name,
    stage_name,
    amount,
    close_date,
    type,
    is_closed,
    is_won,
    owner_id,
    marketplace_offer_id,
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
    opportunity_id,
    created_at,
    modified_at,
    is_deleted,
    account_id,
    name,
    stage_name,
    amount,
    close_date,
    type,
    is_closed,
    is_won,
    owner_id,
    marketplace_offer_id,
    load_id,
    {{ valid_to_load_id(['opportunity_id']) }} as valid_to_load_id,
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
