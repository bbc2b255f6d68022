-- The hours behind a line add up to it, each divided by its weight: the measured quantity rounded once, the bands to the last
-- digit, the amount rounded once as the policy says. A closed line stands with its adjustments.
{% set bands = {'measured': 9, 'included': 9, 'burst': 15, 'above': 15} -%}
with policies as (
  select * from {{ ref('stg_policies__overage_policies') }}
  where hinge_order = 'hinge_then_reduce' and reduce in ('sum', 'avg_day', 'avg_period')
),

hours as (
  select
    hourly.*,
    policies.reduce,
    policies.rounding_mode,
    policies.rounding_scale,
    case when policies.reduce = 'avg_day' then hourly.usage_date end as cell_date,
    case when policies.reduce = 'avg_day' then {{ day_mean_divisor() }} else hourly.weight_divisor end as divisor
  from {{ ref('fct_overage_hourly') }} as hourly
  inner join policies
    on hourly.policy_id = policies.policy_id
    and hourly.policy_version = policies.version
),

sums as (
  select
    line_id,
    reduce,
    rounding_mode,
    rounding_scale,
    cell_date,
    weight_divisor,
    divisor,
    count(*) as hours_expected,
    sum(committed) as committed,
    {% for band in bands -%}
    sum({{ band }}) as {{ band }},
    {% endfor -%}
    sum(amount_unrounded) as amount
  from hours
  group by line_id, reduce, rounding_mode, rounding_scale, cell_date, weight_divisor, divisor
),

cells as (
  select
    line_id,
    reduce,
    rounding_mode,
    rounding_scale,
    weight_divisor,
    divisor,
    hours_expected,
    committed,
    {% for band, scale in bands.items() -%}
    {{ digits_of(band, scale) }} as {{ band }}_digits,
    {% endfor -%}
    -- The text of a decimal(38,27) has its 27 digits after the point.
    {% if target.type == 'bigquery' -%}
    amount * {{ power_of_ten(27) }} as amount_digits
    {%- else -%}
    cast(replace(cast(amount as varchar), '.', '') as hugeint) as amount_digits
    {%- endif %}
  from sums
),

-- In whole digits, times the divisor of all cells; an amount has too many of them, so its division's leftovers are apart.
totals as (
  select
    line_id,
    reduce,
    rounding_mode,
    rounding_scale,
    divisor,
    sum(hours_expected) as hours_expected,
    sum(committed) as committed,
    {% for band in bands -%}
    sum(case when weight_divisor > 0 then {{ band }}_digits * {{ integer_divide('divisor', 'nullif(weight_divisor, 0)') }} end) as {{ band }}_total,
    {% endfor -%}
    sum({{ integer_divide('amount_digits', 'nullif(weight_divisor, 0)') }}) as amount_digits,
    sum(mod(amount_digits, nullif(weight_divisor, 0)) * {{ integer_divide('divisor', 'nullif(weight_divisor, 0)') }}) as amount_left
  from cells
  group by line_id, reduce, rounding_mode, rounding_scale, divisor
),

carried as (
  select
    totals.*,
    2 * (amount_digits + {{ integer_divide('amount_left', 'nullif(divisor, 0)') }})
    + case when mod(amount_left, nullif(divisor, 0)) > 0 then 1 else 0 end as amount_twice,
    (case rounding_scale {% for places in range(10) %}when {{ places }} then {{ power_of_ten(27 - places) }} {% endfor %}end) as digit
  from totals
),

lines as (
  select
    coalesce(corrects_line_id, line_id) as line_id,
    sum(hours_expected) as hours_expected,
    sum(committed) as committed,
    sum(amount) as amount,
    {% for band in bands -%}
    sum({{ band }}) as {{ band }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('fct_overage') }}
  group by 1
),

compared as (
  select
    carried.*,
    lines.line_id as found_line_id,
    lines.hours_expected as line_hours_expected,
    lines.committed as line_committed,
    {% for band, scale in bands.items() -%}
    {{ digits_of('lines.' ~ band, scale) }} * carried.divisor as line_{{ band }},
    {% endfor -%}
    {{ digits_of('lines.amount', 9) }} * {{ power_of_ten(18) }} as line_amount
  from carried
  left join lines on carried.line_id = lines.line_id
)

select * from compared
where
  found_line_id is null
  or hours_expected <> line_hours_expected
  or (reduce = 'sum' and committed <> line_committed)
  or (measured_total is null) <> (line_measured is null)
  or 2 * abs(measured_total - line_measured) > divisor
  or (reduce = 'sum' and (measured_total <> line_measured or included_total <> line_included))
  or 2 * abs(included_total - line_included) > 3 * divisor
  or 2 * abs(burst_total - line_burst) > 3 * divisor * {{ power_of_ten(6) }}
  or 2 * abs(above_total - line_above) > 3 * divisor * {{ power_of_ten(6) }}
  or not case rounding_mode
    when 'floor' then 2 * line_amount <= amount_twice and amount_twice < 2 * (line_amount + digit)
    when 'ceil' then 2 * (line_amount - digit) < amount_twice and amount_twice <= 2 * line_amount
    else 2 * line_amount - digit <= amount_twice and amount_twice <= 2 * line_amount + digit
  end
