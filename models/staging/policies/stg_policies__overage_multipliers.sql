with source as (
  select * from {{ ref('seed_overage_multipliers') }}
),

final as (
  select
    policy_id,
    version,
    attribute,
    value,
    cast(factor as {{ type_decimal() }}) as factor
  from source
)

select * from final
