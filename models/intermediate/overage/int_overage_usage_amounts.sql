-- What each usage line costs: its exact bands at their rates and multipliers, rounded once as the policy says.
{% set factors = "cast(factor_tier as " ~ type_double() ~ ") * cast(factor_region as " ~ type_double() ~ ") * cast(factor_edition as " ~ type_double() ~ ")" -%}
{% set rates = {'burst': 'rate_burst', 'above': 'rate_above'} -%}
with lines as (
  select
    usage_lines.*,
    {% for band, rate in rates.items() -%}
    cast({{ rate }} as {{ type_double() }}) * {{ factors }} as {{ band }}_price{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('int_overage_usage_lines') }} as usage_lines
),

-- What whole numbers of 128 bits hold; a line beyond that is an error that names it.
sized as (
  select
    lines.*,
    coalesce(
      burst_price >= 1e9 or above_price >= 1e9 or measured >= 5e13
      or cast(rated_burst as {{ type_double() }}) * burst_price + cast(rated_above as {{ type_double() }}) * above_price >= 1e14,
      false
    ) as is_too_large,
    'overage: line of ' || subscription_id || ' ' || dimension || ' ' || cast(billing_period as {{ type_text() }})
    || ' ' || policy_id || '@' || policy_version || ': got ' || coalesce(cast(measured as {{ type_text() }}), 'nothing')
    || ' at ' || cast(rate_burst as {{ type_text() }}) || ' and ' || cast(rate_above as {{ type_text() }})
    || ', want less than 5e13, below 1e9 with the multipliers and below 1e14 in all, which stays exact; correct the policy or have the readings restated'
    as size_message
  from lines
),

digits as (
  select
    sized.*,
    {% for band, rate in rates.items() -%}
    {{ fits(digits_of('rated_' ~ band, 15), 'is_too_large', 'size_message', type_whole()) }} as {{ band }}_digits,
    {{ fits(overage_rate_digits(rate, 'factor_tier', 'factor_region', 'factor_edition'), 'is_too_large', 'size_message', type_whole()) }} as rate_{{ band }}_digits{{ ',' if not loop.last }}
    {% endfor %}
  from sized
),

products as (
  select
    digits.*,
    {{ overage_product_high(9) }} as high,
    {{ overage_product_low(9) }} as low,
    rated_burst_rest * rate_burst_digits + rated_above_rest * rate_above_digits as rest
  from digits
),

-- `rest` is over the divisor of the means; what is left of both below the last digit decides a tie, no more.
carried as (
  select
    products.*,
    low + {{ integer_divide('rest', 'divisor') }} as carried_low,
    mod(rest, divisor) > 0 as has_fraction
  from products
),

summed as (
  select
    carried.*,
    high + {{ integer_divide('carried_low', power_of_ten(9)) }} as amount_digits,
    has_fraction or mod(carried_low, {{ power_of_ten(9) }}) > 0 as has_rest
  from carried
),

final as (
  select
    line_id,
    subscription_id,
    customer_id,
    dimension,
    billing_period,
    billing_period_end,
    policy_id,
    policy_version,
    committed,
    is_unlimited,
    measured,
    included,
    burst,
    above,
    rate_burst,
    rate_above,
    factor_tier,
    factor_region,
    factor_edition,
    cast({{ overage_rounded('amount_digits', 'has_rest', 'rounding_mode', 'rounding_scale') }} as {{ type_decimal() }}) as amount,
    currency,
    drawdown_opening_balance,
    taken_from_hour,
    hours_expected,
    hours_metered,
    hours_estimated,
    hours_unmetered,
    hours_grace,
    first_hour,
    last_hour
  from summed
)

select * from final
