with source as (
  select * from {{ source('polaris', 'polaris_clusters') }}
),

renamed as (
  select
    cluster_id,
    customer_id,
    subscription_id,
    cloud,
    region,
    provisioned_tib,
    created_at,
    terminated_at,
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
    cluster_id,
    customer_id,
    subscription_id,
    cloud,
    region,
    provisioned_tib,
    created_at,
    terminated_at,
    load_id,
    {{ valid_to_load_id(['cluster_id']) }} as valid_to_load_id,
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
