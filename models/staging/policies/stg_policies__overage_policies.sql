with source as (
  select * from {{ ref('seed_overage_policies') }}
),

final as (
  select
    policy_id,
    version,
    cast(effective_from as date) as effective_from,
    cast(effective_to as date) as effective_to,
    prepared_by,
    approved_by,
    dimension,
    unit,
    period,
    reduce,
    hinge_order,
    missing,
    cast(grace_hours as {{ type_bigint() }}) as grace_hours,
    cast(burst_share as {{ type_decimal() }}) as burst_share,
    cast(rate_burst as {{ type_decimal() }}) as rate_burst,
    cast(rate_above as {{ type_decimal() }}) as rate_above,
    currency,
    cast(true_up_committed_amount as {{ type_decimal() }}) as true_up_committed_amount,
    cast(drawdown_opening_balance as {{ type_decimal() }}) as drawdown_opening_balance,
    rounding_mode,
    cast(rounding_scale as {{ type_bigint() }}) as rounding_scale
  from source
)

select * from final
