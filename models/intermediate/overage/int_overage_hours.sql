-- A subscription's level of each hour against its commitment of that hour, in bands, with the line that the hour goes to.
with newest as (
  select coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

policies as (
  select * from {{ ref('stg_policies__overage_policies') }}
),

subscriptions as (
  select
    subscriptions.*,
    cast(subscriptions.starts_at as date) as start_date
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
),

-- Whole months from the start's day to the hour's; one too many where the day of the month has not come round yet.
cluster_hours as (
  select
    hours.*,
    policies.missing,
    subscriptions.start_date,
    subscriptions.from_hour as term_from_hour,
    subscriptions.to_hour as term_to_hour,
    case when subscriptions.start_date is null or subscriptions.start_date > hours.usage_date then 'calendar_month' else policies.period end as period,
    (extract(year from hours.usage_date) - extract(year from subscriptions.start_date)) * 12
    + extract(month from hours.usage_date) - extract(month from subscriptions.start_date) as months_since_start
  from {{ ref('int_overage_cluster_hours') }} as hours
  inner join policies
    on hours.policy_id = policies.policy_id
    and hours.policy_version = policies.version
  inner join subscriptions on hours.subscription_id = subscriptions.subscription_id
),

in_periods as (
  select
    cluster_hours.*,
    case
      when period = 'calendar_month' then {{ month_start('usage_date') }}
      when period = 'term' then start_date
      when {{ date_add_months('start_date', 'months_since_start') }} <= usage_date
        then {{ date_add_months('start_date', 'months_since_start') }}
      else {{ date_add_months('start_date', 'months_since_start - 1') }}
    end as billing_period,
    case
      when period = 'calendar_month' then {{ date_add_months(month_start('usage_date'), 1) }}
      when period = 'term' then cast(term_to_hour as date)
      when {{ date_add_months('start_date', 'months_since_start') }} <= usage_date
        then {{ date_add_months('start_date', 'months_since_start + 1') }}
      else {{ date_add_months('start_date', 'months_since_start') }}
    end as billing_period_end
  from cluster_hours
),

period_sums as (
  select
    subscription_id,
    dimension,
    cluster_id,
    policy_id,
    policy_version,
    billing_period,
    sum(quantity) as quantity_sum,
    count(quantity) as quantity_hours
  from in_periods
  where missing = 'period_mean'
  group by subscription_id, dimension, cluster_id, policy_id, policy_version, billing_period
),

-- An hour without a reading is filled only where the policy says how.
filled as (
  select
    in_periods.*,
    case in_periods.missing
      when 'last_observed' then last_value(in_periods.quantity ignore nulls) over (
        partition by in_periods.subscription_id, in_periods.dimension, in_periods.cluster_id
        order by in_periods.hour
        rows between unbounded preceding and current row
      )
      when 'period_mean' then {{ decimal_div('period_sums.quantity_sum', 'period_sums.quantity_hours') }}
    end as estimate
  from in_periods
  left join period_sums
    on in_periods.missing = 'period_mean'
    and in_periods.subscription_id = period_sums.subscription_id
    and in_periods.dimension = period_sums.dimension
    and in_periods.cluster_id = period_sums.cluster_id
    and in_periods.policy_id = period_sums.policy_id
    and in_periods.policy_version = period_sums.policy_version
    and in_periods.billing_period = period_sums.billing_period
),

hours as (
  select
    subscription_id,
    dimension,
    hour,
    usage_date,
    policy_id,
    policy_version,
    billing_period,
    billing_period_end,
    min(customer_id) as customer_id,
    cast(sum(coalesce(quantity, estimate)) as {{ type_decimal() }}) as measured,
    count(*) as clusters_expected,
    count(quantity) as clusters_metered,
    count(case when quantity is null and estimate is not null then 1 end) as clusters_estimated
  from filled
  group by
    subscription_id, dimension, hour, usage_date, policy_id, policy_version, billing_period, billing_period_end
),

against_commitment as (
  select
    hours.*,
    case when commitments.is_unlimited then null else coalesce(commitments.quantity, 0) end as committed,
    coalesce(commitments.is_unlimited, false) as is_unlimited,
    coalesce(commitments.commitment_source, 'none') as commitment_source,
    commitments.source_id as commitment_source_id,
    policies.burst_share,
    policies.grace_hours
  from hours
  cross join newest
  inner join policies
    on hours.policy_id = policies.policy_id
    and hours.policy_version = policies.version
  left join {{ ref('int_commitments_at_snapshot') }} as commitments
    on commitments.snapshot_load_id = newest.tackle_load_id
    and hours.subscription_id = commitments.subscription_id
    and hours.dimension = commitments.dimension
    and commitments.from_hour <= hours.hour
    and hours.hour < commitments.to_hour
),

capped as (
  select
    against_commitment.*,
    {{ decimal_mul('committed', 'burst_share') }} as burst_cap
  from against_commitment
),

banded as (
  select
    capped.*,
    -- Null is passed by hand: the engines' least() differ in what they make of it.
    case when measured is null or is_unlimited then measured else least(measured, committed) end as included,
    case
      when measured is null then null
      when is_unlimited then 0
      else least(greatest(measured - committed, 0), burst_cap)
    end as burst
  from capped
),

ranked as (
  select
    banded.*,
    coalesce(measured > committed, false) as is_over,
    sum(case when measured > committed then 1 else 0 end) over (
      partition by subscription_id, dimension, policy_id, billing_period
      order by hour
      rows between unbounded preceding and current row
    ) as hours_over
  from banded
),

final as (
  select
    {{ surrogate_key(["'usage'", 'subscription_id', 'dimension', 'billing_period', 'policy_id', 'policy_version']) }} as line_id,
    subscription_id,
    dimension,
    hour,
    usage_date,
    customer_id,
    policy_id,
    policy_version,
    billing_period,
    billing_period_end,
    committed,
    is_unlimited,
    commitment_source,
    commitment_source_id,
    measured,
    included,
    cast(burst as {{ type_decimal() }}) as burst,
    cast(measured - included - burst as {{ type_decimal() }}) as above,
    is_over and hours_over <= grace_hours as is_grace,
    clusters_expected,
    clusters_metered,
    clusters_estimated,
    case
      when clusters_metered = clusters_expected then 'metered'
      when clusters_metered + clusters_estimated = clusters_expected then 'estimated'
      else 'unmetered'
    end as metering
  from ranked
)

select * from final
