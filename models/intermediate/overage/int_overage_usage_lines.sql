-- The hours of a line reduced as its policy says. A cell is what is averaged (or added up) at once: the whole period for
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
    case when reduce = 'sum' then 1 else nullif(count(measured), 0) end as divisor,
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

means as (
  select
    line_id,
    reduce,
    hinge_order,
    burst_share,
    cell_date,
    cell_hour,
    is_unlimited,
    {% for column in ['measured', 'committed', 'included', 'burst', 'above', 'rated_burst', 'rated_above'] -%}
    case when reduce = 'sum' then cast({{ column }} as {{ type_decimal() }}) else {{ decimal_div(column, 'divisor') }} end as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from sums
),

hinges as (
  select
    means.*,
    {{ decimal_mul('committed', 'burst_share') }} as burst_cap,
    -- Three rounded means may differ from the mean of the whole by a last digit: it goes to the largest band in use.
    measured - included - burst - above as remainder
  from means
),

banded as (
  select
    line_id,
    reduce,
    hinge_order,
    cell_date,
    cell_hour,
    measured,
    committed,
    case
      when hinge_order = 'reduce_then_hinge' and not is_unlimited then least(measured, committed)
      when hinge_order = 'reduce_then_hinge' then measured
      when included > 0 then included + remainder
      else included
    end as included,
    case
      when hinge_order = 'reduce_then_hinge' and not is_unlimited
        then least(greatest(measured - committed, 0), burst_cap)
      when hinge_order = 'reduce_then_hinge' then 0
      when included = 0 and above = 0 then burst + remainder
      else burst
    end as burst,
    rated_burst,
    rated_above
  from hinges
),

-- Peak and percentile are chosen once, by the measured level.
ranked as (
  select
    banded.*,
    measured - included - burst as above,
    row_number() over (partition by line_id order by measured desc, cell_date, cell_hour) as peak_rank,
    row_number() over (partition by line_id order by measured, cell_date, cell_hour) as level_rank,
    count(*) over (partition by line_id) as cell_count
  from banded
  where measured is not null
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

reduced as (
  select
    line_id,
    cast(sum(measured) as {{ type_decimal() }}) as measured,
    cast(sum(committed) as {{ type_decimal() }}) as committed,
    cast(sum(included) as {{ type_decimal() }}) as included,
    cast(sum(burst) as {{ type_decimal() }}) as burst,
    cast(sum(above) as {{ type_decimal() }}) as above,
    cast(sum(case when hinge_order = 'reduce_then_hinge' then burst else rated_burst end) as {{ type_decimal() }}) as rated_burst,
    cast(sum(case when hinge_order = 'reduce_then_hinge' then above else rated_above end) as {{ type_decimal() }}) as rated_above,
    min(case when reduce in ('peak_day', 'p95_hour') then coalesce(cell_hour, cast(cell_date as timestamp)) end) as taken_from_hour
  from taken
  group by line_id
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
    -- A line of which no hour was metered has measured nothing; its unmetered hours say so.
    coalesce(reduced.measured, 0) as measured,
    coalesce(reduced.included, 0) as included,
    coalesce(reduced.burst, 0) as burst,
    coalesce(reduced.above, 0) as above,
    coalesce(reduced.rated_burst, 0) as rated_burst,
    coalesce(reduced.rated_above, 0) as rated_above,
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
    policies.true_up_committed_amount,
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
