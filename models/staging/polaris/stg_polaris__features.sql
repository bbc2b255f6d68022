with source as (
  select * from {{ source('polaris', 'polaris_features') }}
),

renamed as (
  select
    feature_event_id,
    customer_id,
    cluster_id,
    hour,
    {{ timestamp_day('hour') }} as usage_date,
    feature,
    operations,
    active_clients,
    recorded_at,
    load_id,
    run_id,
    loaded_at,
    received_at,
    page_sha256,
    page_offset
  from source
),

final as (
  select
    feature_event_id,
    customer_id,
    cluster_id,
    hour,
    usage_date,
    feature,
    operations,
    active_clients,
    recorded_at,
    load_id,
    run_id,
    loaded_at,
    received_at,
    page_sha256,
    page_offset
  from renamed
)

select * from final
