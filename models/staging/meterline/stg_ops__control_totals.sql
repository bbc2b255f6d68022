with source as (
  select * from {{ source('ops', 'control_totals') }}
),

final as (
  select
    run_id,
    hour,
    {{ timestamp_day('hour') }} as usage_date,
    dimension,
    as_of,
    source_readings,
    source_quantity,
    warehouse_readings,
    warehouse_quantity,
    readings_difference,
    quantity_difference,
    is_different,
    load_id,
    compared_at
  from source
)

select * from final
