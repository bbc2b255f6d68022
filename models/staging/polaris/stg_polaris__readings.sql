with source as (
  select * from {{ source('polaris', 'polaris_readings') }}
),

renamed as (
  select
    reading_id,
    seq,
    customer_id,
    cluster_id,
    subscription_id,
    hour_start as hour,
    {{ timestamp_day('hour_start') }} as usage_date,
    dimension,
    quantity_decimal as quantity,
    unit,
    revision,
    recorded_at_utc as recorded_at,
    cloud,
    region,
    software_version,
    evidence_index,
    hour as hour_text,
    quantity as quantity_text,
    recorded_at as recorded_at_text,
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
    reading_id,
    seq,
    customer_id,
    cluster_id,
    subscription_id,
    hour,
    usage_date,
    dimension,
    quantity,
    unit,
    revision,
    recorded_at,
    cloud,
    region,
    software_version,
    evidence_index,
    hour_text,
    quantity_text,
    recorded_at_text,
    load_id,
    run_id,
    loaded_at,
    received_at,
    page_sha256,
    page_offset
  from renamed
)

select * from final
