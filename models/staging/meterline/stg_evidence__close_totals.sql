with source as (
  select * from {{ source('evidence', 'close_totals') }}
),

final as (
  select
    preparation_id,
    month,
    dimension,
    readings,
    quantity,
    source_readings,
    source_quantity
  from source
)

select * from final
