with source as (
  select * from {{ ref('seed_pricing_rates') }}
),

final as (
  select
    option_id,
    version,
    dimension,
    cast(rate as {{ type_decimal() }}) as rate
  from source
)

select * from final
