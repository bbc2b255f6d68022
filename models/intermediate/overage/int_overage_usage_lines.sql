-- The hours of a line reduced as its policy says, exactly: what is rated is not rounded here. A cell is what is averaged (or added up) at once: the whole period for
-- sum and avg_period, a day for avg_day and peak_day, an hour for p95_hour. A line is the sum of the cells it takes.
with hours as (
  select
    hours.*,
    policies.reduce,
    policies.hinge_order,
    policies.burst_share,
    case
      when policies.reduce in ('sum', 'avg_period') then hours.billing_period
      when policies.reduce in ('avg_day', 'peak_day') then hours.usage_date
    end as cell_date,
    case when policies.reduce = 'p95_hour' then hours.hour end as cell_hour
  from {{ ref('int_overage_hours') }} as hours
  inner join {{ ref('stg_policies__overage_policies') }} as policies
    on hours.policy_id = policies.policy_id
    and hours.policy_version = policies.version
),

sums as (
  select
    line_id,
    reduce,
    hinge_order,
    burst_share,
    cell_date,
    cell_hour,
    case when reduce = 'sum' then 1 else count(measured) end as hours,
    sum(measured) as measured,
    -- A mean is over the hours that were measured, a sum over all hours of the term.
    sum(case when reduce = 'sum' or measured is not null then committed end) as committed,
    sum(included) as included,
    sum(burst) as burst,
    sum(above) as above,
    sum(case when is_grace then 0 else burst end) as rated_burst,
    sum(case when is_grace then 0 else above end) as rated_above,
    max(case when is_unlimited then 1 else 0 end) = 1 as is_unlimited
  from hours
  group by line_id, reduce, hinge_order, burst_share, cell_date, cell_hour
),

-- The hinge of a mean is the mean of the hinged sums: both have one divisor.
capped as (
  select
    sums.*,
    hinge_order = 'reduce_then_hinge' as is_hinged_here,
    cast(measured - committed as {{ type_fine_decimal() }}) as excess,
    cast({{ decimal_mul('committed', 'burst_share', 15) }} as {{ type_fine_decimal() }}) as burst_cap
  from sums
  where measured is not null
),

hinged as (
  select
    capped.*,
    case when is_unlimited or excess <= 0 then 0 else excess end as hinged_excess,
    case when is_unlimited or excess <= 0 then 0 else least(excess, burst_cap) end as hinged_burst
  from capped
),

banded as (
  select
    line_id,
    reduce,
    cell_date,
    cell_hour,
    hours,
    case when reduce in ('avg_day', 'peak_day') then {{ day_mean_divisor() }} else hours end as divisor,
    case when reduce in ('avg_day', 'peak_day') then {{ integer_divide(day_mean_divisor(), 'hours') }} else 1 end as weight,
    cast(measured as {{ type_decimal() }}) as measured,
    cast(committed as {{ type_decimal() }}) as committed,
    cast(case when is_hinged_here then case when is_unlimited or excess <= 0 then measured else committed end else included end as {{ type_decimal() }}) as included,
    cast(case when is_hinged_here then hinged_burst else burst end as {{ type_fine_decimal() }}) as burst,
    cast(case when is_hinged_here then hinged_excess - hinged_burst else above end as {{ type_fine_decimal() }}) as above,
    cast(case when is_hinged_here then hinged_burst else rated_burst end as {{ type_fine_decimal() }}) as rated_burst,
    cast(case when is_hinged_here then hinged_excess - hinged_burst else rated_above end as {{ type_fine_decimal() }}) as rated_above
  from hinged
),

{% set scales = {'measured': 9, 'committed': 9, 'included': 9, 'burst': 15, 'above': 15, 'rated_burst': 15, 'rated_above': 15} -%}
digits as (
  select
    line_id,
    reduce,
    cell_date,
    cell_hour,
    hours,
    divisor,
    weight,
    {% for column, scale in scales.items() -%}
    {{ digits_of(column, scale) }} as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from banded
),

-- Peak and percentile are chosen once, by the measured level.
ranked as (
  select
    digits.*,
    row_number() over (partition by line_id order by measured * weight desc, cell_date, cell_hour) as peak_rank,
    row_number() over (partition by line_id order by measured * weight, cell_date, cell_hour) as level_rank,
    count(*) over (partition by line_id) as cell_count
  from digits
),

taken as (
  select * from ranked
  where
    case reduce
      when 'peak_day' then peak_rank = 1
      when 'p95_hour' then level_rank = {{ integer_divide('cell_count * 95 + 99', 100) }}
      else true
    end
),

-- Each cell's mean as whole digits and what its division left over; the leftovers of all cells have one divisor.
divided as (
  select
    line_id,
    max(divisor) as divisor,
    min(case when reduce in ('peak_day', 'p95_hour') then coalesce(cell_hour, cast(cell_date as timestamp)) end) as taken_from_hour,
    {% for column in scales -%}
    sum({{ integer_divide(column, 'hours') }}) as {{ column }},
    sum(mod({{ column }}, hours) * weight) as {{ column }}_left{{ ',' if not loop.last }}
    {% endfor %}
  from taken
  group by line_id
),

carried as (
  select
    line_id,
    divisor,
    taken_from_hour,
    {% for column in scales -%}
    {{ column }} + {{ integer_divide(column ~ '_left', 'divisor') }} as {{ column }},
    mod({{ column }}_left, divisor) as {{ column }}_rest{{ ',' if not loop.last }}
    {% endfor %}
  from divided
),

rounded as (
  select
    carried.*,
    {% for column, scale in scales.items() if not column.startswith('rated_') -%}
    {{ digits_to_decimal(column, column ~ '_rest', 'divisor', scale) }} as {{ column }}_decimal{{ ',' if not loop.last }}
    {% endfor %}
  from carried
),

-- Bands rounded one by one may differ from the whole by a last digit: it goes to the largest one that is not exact.
mended as (
  select
    rounded.*,
    measured_decimal - included_decimal - burst_decimal - above_decimal as remainder,
    case
      when included_rest > 0 and included * {{ power_of_ten(6) }} >= greatest(burst, above) then 'included'
      when burst >= above then 'burst'
      else 'above'
    end as mended_band
  from rounded
),

reduced as (
  select
    line_id,
    taken_from_hour,
    divisor,
    measured_decimal as measured,
    committed_decimal as committed,
    {% for band in ['included', 'burst', 'above'] -%}
    {{ band }}_decimal + case when mended_band = '{{ band }}' then remainder else 0 end as {{ band }},
    {% endfor -%}
    {% for column in ['rated_burst', 'rated_above'] -%}
    {{ fine_from_digits(column) }} as {{ column }},
    {{ column }}_rest{{ ',' if not loop.last }}
    {% endfor %}
  from mended
),

lines as (
  select
    line_id,
    subscription_id,
    dimension,
    billing_period,
    billing_period_end,
    policy_id,
    policy_version,
    min(customer_id) as customer_id,
    sum(committed) as committed_hours_sum,
    max(case when is_unlimited then 1 else 0 end) = 1 as is_unlimited,
    count(*) as hours_expected,
    count(case when metering = 'metered' then 1 end) as hours_metered,
    count(case when metering = 'estimated' then 1 end) as hours_estimated,
    count(case when metering = 'unmetered' then 1 end) as hours_unmetered,
    count(case when is_grace then 1 end) as hours_grace,
    min(hour) as first_hour,
    max(hour) as last_hour
  from hours
  group by line_id, subscription_id, dimension, billing_period, billing_period_end, policy_id, policy_version
),

final as (
  select
    lines.line_id,
    lines.subscription_id,
    lines.customer_id,
    lines.dimension,
    lines.billing_period,
    lines.billing_period_end,
    lines.policy_id,
    lines.policy_version,
    case
      when policies.reduce = 'sum' then cast(lines.committed_hours_sum as {{ type_decimal() }})
      else reduced.committed
    end as committed,
    lines.is_unlimited,
    -- A line of which no hour was metered has no quantity; its unmetered hours say so.
    reduced.measured,
    cast(reduced.included as {{ type_decimal() }}) as included,
    cast(reduced.burst as {{ type_decimal() }}) as burst,
    cast(reduced.above as {{ type_decimal() }}) as above,
    cast(reduced.rated_burst as {{ type_fine_decimal() }}) as rated_burst,
    cast(reduced.rated_burst_rest as {{ type_bigint() }}) as rated_burst_rest,
    cast(reduced.rated_above as {{ type_fine_decimal() }}) as rated_above,
    cast(reduced.rated_above_rest as {{ type_bigint() }}) as rated_above_rest,
    cast(reduced.divisor as {{ type_bigint() }}) as divisor,
    reduced.taken_from_hour,
    lines.hours_expected,
    lines.hours_metered,
    lines.hours_estimated,
    lines.hours_unmetered,
    lines.hours_grace,
    lines.first_hour,
    lines.last_hour,
    policies.reduce,
    policies.rate_burst,
    policies.rate_above,
    policies.currency,
    policies.rounding_mode,
    policies.rounding_scale,
    policies.drawdown_opening_balance,
    factors.factor_tier,
    factors.factor_region,
    factors.factor_edition
  from lines
  inner join {{ ref('stg_policies__overage_policies') }} as policies
    on lines.policy_id = policies.policy_id
    and lines.policy_version = policies.version
  inner join {{ ref('int_overage_factors') }} as factors
    on lines.subscription_id = factors.subscription_id
    and lines.policy_id = factors.policy_id
    and lines.policy_version = factors.policy_version
  left join reduced on lines.line_id = reduced.line_id
)

select * from final
