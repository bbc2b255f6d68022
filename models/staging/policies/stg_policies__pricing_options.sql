with source as (
  select * from {{ ref('seed_pricing_options') }}
),

final as (
  select
    option_id,
    version,
    kind,
    dimension,
    cast(burst_share as {{ type_decimal() }}) as burst_share,
    cast(rate_committed as {{ type_decimal() }}) as rate_committed,
    cast(rate_burst as {{ type_decimal() }}) as rate_burst,
    cast(rate_above as {{ type_decimal() }}) as rate_above,
    cast(unit_price as {{ type_decimal() }}) as unit_price,
    currency,
    rounding_mode,
    cast(rounding_scale as {{ type_bigint() }}) as rounding_scale
  from source
)

select * from final
