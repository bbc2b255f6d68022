with hours as (
  select * from {{ ref('int_overage_hours') }}
),

lines as (
  select * from {{ ref('int_overage_usage_lines') }}
),

-- How many measured hours a mean divides by; 1 where hours are added up.
weighted as (
  select
    hours.*,
    lines.reduce,
    lines.rate_burst,
    lines.rate_above,
    lines.factor_tier,
    lines.factor_region,
    lines.factor_edition,
    case when hours.is_grace then 0 else hours.burst end as rated_burst,
    case when hours.is_grace then 0 else hours.above end as rated_above,
    case lines.reduce
      when 'sum' then 1
      when 'avg_day' then count(hours.measured) over (partition by hours.line_id, hours.usage_date)
      when 'avg_period' then count(hours.measured) over (partition by hours.line_id)
    end as weight_divisor
  from hours
  inner join lines on hours.line_id = lines.line_id
),

products as (
  select
    weighted.*,
    {{ overage_product('rated_burst', 'rated_above', 'rate_burst', 'rate_above', 'factor_tier', 'factor_region', 'factor_edition') }} as product
  from weighted
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
    case when reduce = 'sum' then {{ overage_unrounded('product') }} end as amount_unrounded,
    metering,
    clusters_expected,
    clusters_metered,
    clusters_estimated
  from products
)

select * from final
