with source as (
  select * from {{ ref('seed_overage_commitments') }}
),

final as (
  select
    policy_id,
    version,
    subscription_id,
    cast(quantity as {{ type_decimal() }}) as quantity
  from source
)

select * from final
