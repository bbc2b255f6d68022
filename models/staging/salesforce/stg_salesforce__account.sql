with source as (
  select * from {{ source('salesforce', 'salesforce_account') }}
),

renamed as (
  select
    id as account_id,
    created_date as created_at,
    system_modstamp as modified_at,
    is_deleted,
    name,
    parent_id,
    type,
    industry,
    billing_country,
    website,
    owner_id,
    polaris_customer_id,
    cloud_provider,
    target_account,
    csm,
    renewal_date,
    arr,
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
    account_id,
    created_at,
    modified_at,
    is_deleted,
    name,
    parent_id,
    type,
    industry,
    billing_country,
    website,
    owner_id,
    polaris_customer_id,
    cloud_provider,
    target_account,
    csm,
    renewal_date,
    arr,
    load_id,
    {{ valid_to_load_id(['account_id']) }} as valid_to_load_id,
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
