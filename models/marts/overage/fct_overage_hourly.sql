with hours as (
  select * from {{ ref('int_overage_hours') }}
),

lines as (
  select * from {{ ref('int_overage_usage_amounts') }}
),

policies as (
  select * from {{ ref('stg_policies__overage_policies') }}
),

-- How many measured hours a mean divides by; 1 where hours are added up.
weighted as (
  select
    hours.*,
    case policies.reduce
      when 'sum' then 1
      when 'avg_day' then count(hours.measured) over (partition by hours.line_id, hours.usage_date)
      when 'avg_period' then count(hours.measured) over (partition by hours.line_id)
    end as weight_divisor,
    policies.reduce in ('sum', 'avg_day', 'avg_period') and policies.hinge_order = 'hinge_then_reduce' as is_added_up,
    case when hours.is_grace then 0 else {{ digits_of('hours.burst', 15) }} end as burst_digits,
    case when hours.is_grace then 0 else {{ digits_of('hours.above', 15) }} end as above_digits,
    -- The rates of a line that has its amount fit.
    coalesce(
      hours.measured >= 5e13 or (cast(hours.burst as {{ type_double() }}) * cast(lines.rate_burst as {{ type_double() }})
        + cast(hours.above as {{ type_double() }}) * cast(lines.rate_above as {{ type_double() }}))
      * cast(lines.factor_tier as {{ type_double() }}) * cast(lines.factor_region as {{ type_double() }}) * cast(lines.factor_edition as {{ type_double() }})
      >= 1e11,
      false
    ) as is_too_large,
    lines.rate_burst,
    lines.rate_above,
    lines.factor_tier,
    lines.factor_region,
    lines.factor_edition
  from hours
  inner join lines on hours.line_id = lines.line_id
  inner join policies
    on hours.policy_id = policies.policy_id
    and hours.policy_version = policies.version
),

digits as (
  select
    weighted.*,
    {% for band in ['burst', 'above'] -%}
    {{ fits(
      overage_rate_digits('rate_' ~ band, 'factor_tier', 'factor_region', 'factor_edition'),
      'is_too_large',
      "'overage: hour ' || cast(hour as " ~ type_text() ~ ") || ' of subscription ' || subscription_id || ' ' || dimension || ': got '"
      ~ " || cast(measured as " ~ type_text() ~ ") || ', want an amount below 1e11, which stays exact; correct the policy or have the reading restated'",
      type_whole()
    ) }} as rate_{{ band }}_digits{{ ',' if not loop.last }}
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
