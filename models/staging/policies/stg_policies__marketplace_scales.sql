with source as (
  select * from {{ ref('seed_marketplace_scales') }}
),

final as (
  select
    cloud,
    dimension,
    cast(scale as {{ type_decimal() }}) as scale,
    version
  from source
)

select * from final
