with source as (
  select * from {{ ref('seed_pricing_multipliers') }}
),

final as (
  select
    option_id,
    version,
    dimension,
    attribute,
    value,
    cast(factor as {{ type_decimal() }}) as factor
  from source
)

select * from final
