with newest as (
  select
    as_of_date,
    coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

accounts as (
  select * from {{ ref('int_customer_account_current') }}
),

products as (
  select
    lines.*,
    {{ overage_product('rated_burst', 'rated_above', 'rate_burst', 'rate_above', 'factor_tier', 'factor_region', 'factor_edition') }} as product
  from {{ ref('int_overage_usage_lines') }} as lines
),

priced as (
  select
    products.*,
    {{ overage_rounded('product', 'rounding_mode', 'rounding_scale') }} as amount
  from products
),

charged as (
  select
    priced.*,
    sum(amount) over (
      partition by subscription_id, dimension, policy_id, policy_version
      order by billing_period
      rows between unbounded preceding and 1 preceding
    ) as charged_before
  from priced
),

usage_lines as (
  select
    charged.*,
    'usage' as line_type
  from charged
),

-- What is drawn from a balance paid in advance is taken off again.
drawdown_lines as (
  select
    charged.*,
    'drawdown' as line_type,
    -least(greatest(drawdown_opening_balance - coalesce(charged_before, 0), 0), amount) as drawn
  from charged
  where drawdown_opening_balance is not null
),

-- Due once the period is over.
true_up_lines as (
  select
    charged.*,
    'true_up' as line_type,
    greatest(true_up_committed_amount - amount, 0) as due
  from charged
  cross join newest
  where true_up_committed_amount is not null and billing_period_end <= {{ date_add_days('newest.as_of_date', 1) }}
),

{% set identity = 'subscription_id, customer_id, dimension, billing_period, billing_period_end, policy_id, policy_version, currency' %}
lines as (
  select
    {{ identity }},
    line_id,
    line_type,
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
    amount,
    taken_from_hour,
    hours_expected,
    hours_metered,
    hours_estimated,
    hours_unmetered,
    hours_grace,
    first_hour,
    last_hour
  from usage_lines
  {% for source, amount in [('drawdown_lines', 'drawn'), ('true_up_lines', 'due')] -%}
  union all
  select
    {{ identity }},
    {{ surrogate_key(['line_type', 'subscription_id', 'dimension', 'billing_period', 'policy_id', 'policy_version']) }} as line_id,
    line_type,
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
    {{ amount }} as amount,
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
    multiplied.billing_period as service_period,
    multiplied.billing_period as posting_period,
    'accruing' as status,
    cast(null as {{ type_text() }}) as corrects_line_id,
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
