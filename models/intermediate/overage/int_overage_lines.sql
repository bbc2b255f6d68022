-- Every line as it stands now, closes left aside: usage, what is drawn from a balance paid in advance, true-ups.
with newest as (
  select coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

accounts as (
  select * from {{ ref('int_customer_account_current') }}
),

usage_lines as (
  select * from {{ ref('int_overage_usage_amounts') }}
),

-- One balance per subscription and policy, whatever the version and period: `policies` refuses versions that differ in it.
balances as (
  select
    usage_lines.*,
    coalesce(sum(amount) over (
      partition by subscription_id, policy_id
      order by billing_period, first_hour, line_id
      rows between unbounded preceding and 1 preceding
    ), 0) as charged_before
  from usage_lines
  where drawdown_opening_balance is not null and amount is not null
),

drawdown_lines as (
  select
    {{ surrogate_key(["'drawdown'", 'subscription_id', 'dimension', 'billing_period', 'policy_id', 'policy_version']) }} as line_id,
    subscription_id,
    customer_id,
    dimension,
    billing_period,
    billing_period_end,
    policy_id,
    policy_version,
    -least(greatest(drawdown_opening_balance - charged_before, 0), amount) as amount,
    currency
  from balances
),

{% set identity = 'line_id, subscription_id, customer_id, dimension, billing_period, billing_period_end, policy_id, policy_version, amount, currency' -%}
lines as (
  select
    {{ identity }},
    'usage' as line_type,
    committed,
    is_unlimited,
    measured,
    included,
    burst,
    above,
    rate_burst,
    rate_above,
    factor_tier,
    factor_region,
    factor_edition,
    taken_from_hour,
    hours_expected,
    hours_metered,
    hours_estimated,
    hours_unmetered,
    hours_grace,
    first_hour,
    last_hour
  from usage_lines
  {% for source, line_type in [('drawdown_lines', 'drawdown'), (ref('int_overage_true_ups'), 'true_up')] -%}
  union all
  select
    {{ identity }},
    '{{ line_type }}' as line_type,
    null as committed,
    false as is_unlimited,
    null as measured,
    null as included,
    null as burst,
    null as above,
    null as rate_burst,
    null as rate_above,
    1 as factor_tier,
    1 as factor_region,
    1 as factor_edition,
    null as taken_from_hour,
    null as hours_expected,
    null as hours_metered,
    null as hours_estimated,
    null as hours_unmetered,
    null as hours_grace,
    null as first_hour,
    null as last_hour
  from {{ source }}
  {% endfor %}
),

multiplied as (
  select
    lines.*,
    {{ decimal_mul('factor_tier', 'factor_region') }} as factor_tier_region
  from lines
),

final as (
  select
    multiplied.line_id,
    multiplied.line_type,
    accounts.account_id,
    multiplied.customer_id,
    multiplied.subscription_id,
    subscriptions.cloud,
    subscriptions.plan,
    multiplied.dimension,
    policies.unit,
    multiplied.billing_period,
    multiplied.billing_period_end,
    {{ close_month('multiplied.billing_period_end') }} as close_month,
    multiplied.policy_id,
    multiplied.policy_version,
    multiplied.committed,
    multiplied.is_unlimited,
    multiplied.measured,
    multiplied.included,
    multiplied.burst,
    multiplied.above,
    multiplied.rate_burst,
    multiplied.rate_above,
    multiplied.factor_tier,
    multiplied.factor_region,
    multiplied.factor_edition,
    {{ decimal_mul('factor_tier_region', 'factor_edition') }} as multiplier,
    cast(multiplied.amount as {{ type_decimal() }}) as amount,
    multiplied.currency,
    multiplied.taken_from_hour,
    multiplied.hours_expected,
    multiplied.hours_metered,
    multiplied.hours_estimated,
    multiplied.hours_unmetered,
    multiplied.hours_grace,
    multiplied.first_hour,
    multiplied.last_hour
  from multiplied
  cross join newest
  inner join {{ ref('stg_policies__overage_policies') }} as policies
    on multiplied.policy_id = policies.policy_id
    and multiplied.policy_version = policies.version
  left join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on subscriptions.snapshot_load_id = newest.tackle_load_id
    and multiplied.subscription_id = subscriptions.subscription_id
  left join accounts on multiplied.customer_id = accounts.customer_id
)

select * from final
