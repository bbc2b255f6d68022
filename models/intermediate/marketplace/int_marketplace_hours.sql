-- What a subscription has to report of each hour, in whole units of the marketplace. What is left over below one unit is
-- carried on, so the plan of an hour is the step of the running total, rounded down. The plan knows nothing of what was
-- really sent: a send that failed changes its own hour and no other.
with newest as (
  select
    as_of_date,
    tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest and tackle_load_id > 0
),

billable as (
  select dimension from ({{ current_state(ref('stg_polaris__dimensions'), 'polaris') }}) as dimensions
  where billable
),

subscriptions as (
  select subscriptions.*
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
),

commitments as (
  select commitments.*
  from {{ ref('int_commitments_at_snapshot') }} as commitments
  inner join newest on commitments.snapshot_load_id = newest.tackle_load_id
),

-- An hour without a reading has nothing to report; it is not an hour of nothing.
levels as (
  select
    readings.subscription_id,
    readings.dimension,
    readings.hour,
    readings.usage_date,
    subscriptions.cloud,
    max(readings.recorded_at) as last_recorded_at,
    cast(sum(readings.quantity) as {{ type_decimal() }}) as measured
  from {{ ref('fct_usage_hourly') }} as readings
  inner join billable on readings.dimension = billable.dimension
  inner join subscriptions
    on readings.subscription_id = subscriptions.subscription_id
    and subscriptions.from_hour <= readings.hour
  group by readings.subscription_id, readings.dimension, readings.hour, readings.usage_date, subscriptions.cloud
),

-- Only what an offer includes or a policy binds is kept back here; an entitlement is deducted by the marketplace itself.
against_commitment as (
  select
    levels.*,
    case when commitments.is_unlimited then null else coalesce(commitments.quantity, 0) end as committed,
    coalesce(commitments.is_unlimited, false) as is_unlimited,
    coalesce(commitments.commitment_source, 'none') as commitment_source,
    case
      when coalesce(commitments.commitment_source, 'none') not in ('policy_binding', 'microsoft_offer') then levels.measured
      when commitments.is_unlimited then 0
      else greatest(levels.measured - commitments.quantity, 0)
    end as due
  from levels
  left join commitments
    on levels.subscription_id = commitments.subscription_id
    and levels.dimension = commitments.dimension
    and commitments.from_hour <= levels.hour
    and levels.hour < commitments.to_hour
),

running as (
  select
    against_commitment.*,
    coalesce(scales.scale, 1) as scale,
    cast(sum(against_commitment.due) over (
      partition by against_commitment.subscription_id, against_commitment.dimension
      order by against_commitment.hour
      rows between unbounded preceding and current row
    ) as {{ type_decimal() }}) as due_so_far
  from against_commitment
  left join {{ ref('stg_policies__marketplace_scales') }} as scales
    on against_commitment.cloud = scales.cloud
    and against_commitment.dimension = scales.dimension
),

whole as (
  select
    running.*,
    -- Most dimensions are reported in their own unit.
    cast(case when scale = 1 then floor(due_so_far) else {{ decimal_mul('due_so_far', 'scale', 0, 'floor') }} end as {{ type_bigint() }}) as planned_so_far
  from running
),

final as (
  select
    subscription_id,
    dimension,
    hour,
    usage_date,
    cloud,
    measured,
    committed,
    is_unlimited,
    commitment_source,
    cast(due as {{ type_decimal() }}) as due,
    cast(scale as {{ type_decimal() }}) as scale,
    planned_so_far - coalesce(
      lag(planned_so_far) over (partition by subscription_id, dimension order by hour), 0
    ) as planned,
    last_recorded_at
  from whole
)

select * from final
