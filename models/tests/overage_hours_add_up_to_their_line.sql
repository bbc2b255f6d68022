-- The hours behind a line add up to it, exactly, where hours are added up; and the amount is their sum, rounded once.
with hours as (
  select
    line_id,
    count(*) as hours_expected,
    coalesce(sum(measured), 0) as measured,
    sum(committed) as committed,
    coalesce(sum(included), 0) as included,
    coalesce(sum(burst), 0) as burst,
    coalesce(sum(above), 0) as above,
    coalesce(sum(amount_unrounded), 0) as amount_unrounded
  from {{ ref('fct_overage_hourly') }}
  where weight_divisor = 1
  group by line_id
),

lines as (
  select lines.*, policies.rounding_scale, policies.rounding_mode
  from {{ ref('fct_overage') }} as lines
  inner join {{ ref('stg_policies__overage_policies') }} as policies
    on lines.policy_id = policies.policy_id
    and lines.policy_version = policies.version
  where lines.line_type = 'usage' and policies.reduce = 'sum' and policies.hinge_order = 'hinge_then_reduce'
)

select
  lines.line_id,
  lines.measured,
  hours.measured as hours_measured,
  lines.amount,
  hours.amount_unrounded
from lines
left join hours on lines.line_id = hours.line_id
where
  hours.line_id is null
  or hours.hours_expected <> lines.hours_expected
  or hours.measured <> lines.measured
  or hours.included <> lines.included
  or hours.burst <> lines.burst
  or hours.above <> lines.above
  or (not lines.is_unlimited and hours.committed <> lines.committed)
  or (lines.rounding_mode in ('half_even', 'half_up') and lines.rounding_scale = 2
    and abs(hours.amount_unrounded - lines.amount) > 0.005)
