with hours as (
  select * from {{ ref('int_overage_hours') }}
),

policies as (
  select * from {{ ref('stg_policies__overage_policies') }}
),

-- The rates of a line that has its amount fit.
lines as (
  select
    usage_lines.line_id,
    policies.reduce,
    policies.reduce in ('sum', 'avg_day', 'avg_period') and policies.hinge_order = 'hinge_then_reduce' as is_added_up,
    {% for band in ['burst', 'above'] -%}
    {{ overage_rate_digits('usage_lines.rate_' ~ band, 'factor_tier', 'factor_region', 'factor_edition') }} as rate_{{ band }}_digits,
    cast(usage_lines.rate_{{ band }} as {{ type_double() }}) * cast(factor_tier as {{ type_double() }})
    * cast(factor_region as {{ type_double() }}) * cast(factor_edition as {{ type_double() }}) as {{ band }}_price{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('int_overage_usage_amounts') }} as usage_lines
  inner join policies
    on usage_lines.policy_id = policies.policy_id
    and usage_lines.policy_version = policies.version
),

-- How many measured hours a mean divides by; 1 where hours are added up.
weighted as (
  select
    hours.*,
    case lines.reduce
      when 'sum' then 1
      when 'avg_day' then count(hours.measured) over (partition by hours.line_id, hours.usage_date)
      when 'avg_period' then count(hours.measured) over (partition by hours.line_id)
    end as weight_divisor,
    lines.is_added_up,
    lines.rate_burst_digits,
    lines.rate_above_digits,
    coalesce(
      hours.measured >= 5e13
      or cast(hours.burst as {{ type_double() }}) * lines.burst_price + cast(hours.above as {{ type_double() }}) * lines.above_price >= 1e11,
      false
    ) as is_too_large
  from hours
  inner join lines on hours.line_id = lines.line_id
),

digits as (
  select
    weighted.*,
    {% for band in ['burst', 'above'] -%}
    {{ fits(
      'case when is_grace or ' ~ band ~ ' = 0 then 0 else ' ~ digits_of(band, 15) ~ ' end',
      'is_too_large',
      "'overage: hour ' || cast(hour as " ~ type_text() ~ ") || ' of subscription ' || subscription_id || ' ' || dimension || ': got '"
      ~ " || cast(measured as " ~ type_text() ~ ") || ', want less than 5e13 and an amount below 1e11, which stays exact; correct the policy or have the reading restated'",
      type_whole()
    ) }} as {{ band }}_digits{{ ',' if not loop.last }}
    {% endfor %}
  from weighted
),

products as (
  select
    digits.*,
    {{ overage_product_high(6) }} + {{ integer_divide(overage_product_low(6), power_of_ten(6)) }} as amount_digits
  from digits
),

final as (
  select
    line_id,
    subscription_id,
    dimension,
    hour,
    usage_date,
    billing_period,
    policy_id,
    policy_version,
    commitment_source,
    committed,
    measured,
    included,
    burst,
    above,
    weight_divisor,
    is_grace,
    case when is_added_up then {{ overage_unrounded('amount_digits') }} end as amount_unrounded,
    metering,
    clusters_expected,
    clusters_metered,
    clusters_estimated
  from products
)

select * from final
