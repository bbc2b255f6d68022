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

cluster_hours as (
  select
    hours.*,
    policies.missing,
    subscriptions.start_date,
    subscriptions.to_hour as term_to_hour,
    policies.period
  from {{ ref('int_overage_cluster_hours') }} as hours
  inner join policies
    on hours.policy_id = policies.policy_id
    and hours.policy_version = policies.version
  inner join subscriptions on hours.subscription_id = subscriptions.subscription_id
),

in_periods as (
  {{ with_billing_period('cluster_hours') }}
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

checked as (
  select
    against_commitment.*,
    {{ fits(
      'committed',
      'measured >= 1e18 or committed >= 1e18',
      "'overage: hour ' || cast(hour as " ~ type_text() ~ ") || ' of subscription ' || subscription_id || ' ' || dimension || ': got '"
      ~ " || coalesce(cast(measured as " ~ type_text() ~ "), 'nothing') || ' against ' || coalesce(cast(committed as " ~ type_text()
      ~ "), 'no limit') || ', want less than 1e18, which stays exact; correct the commitment or have the readings restated'",
      type_decimal()
    ) }} as checked_committed
  from against_commitment
),

-- The burst share of a commitment has up to 15 fraction digits, and none is cut off.
capped as (
  select
    checked.*,
    cast(measured - checked_committed as {{ type_fine_decimal() }}) as excess,
    cast({{ decimal_mul('checked_committed', 'burst_share', 15) }} as {{ type_fine_decimal() }}) as burst_cap
  from checked
),

banded as (
  select
    capped.*,
    -- Null is passed by hand: the engines' least() differ in what they make of it.
    case when measured is null or is_unlimited then measured else least(measured, committed) end as included,
    case when measured is null then null when is_unlimited or excess <= 0 then 0 else excess end as above_commitment,
    case when measured is null then null when is_unlimited or excess <= 0 then 0 else least(excess, burst_cap) end as burst
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
    cast(burst as {{ type_fine_decimal() }}) as burst,
    cast(above_commitment - burst as {{ type_fine_decimal() }}) as above,
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
