-- The levels of a month in the bands of each fixed_overage option, hour by hour.
with options as (
  select * from {{ ref('stg_policies__pricing_options') }}
  where kind = 'fixed_overage'
),

capped as (
  select
    levels.account_id,
    levels.month,
    options.option_id,
    levels.measured,
    levels.committed,
    levels.is_unlimited,
    {{ decimal_mul('levels.committed', 'options.burst_share') }} as burst_cap
  from {{ ref('int_pricing_levels') }} as levels
  inner join options on levels.dimension = options.dimension
),

banded as (
  select
    capped.*,
    case when is_unlimited then measured else least(measured, committed) end as included,
    case when is_unlimited then 0 else least(greatest(measured - committed, 0), burst_cap) end as burst
  from capped
),

final as (
  select
    account_id,
    month,
    option_id,
    cast(sum(measured) as {{ type_decimal() }}) as measured,
    cast(sum(included) as {{ type_decimal() }}) as included,
    cast(sum(burst) as {{ type_decimal() }}) as burst,
    cast(sum(measured) - sum(included) - sum(burst) as {{ type_decimal() }}) as above,
    max(case when is_unlimited then 1 else 0 end) = 1 as is_unlimited
  from banded
  group by account_id, month, option_id
)

select * from final
