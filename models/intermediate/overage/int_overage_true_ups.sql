-- What is due up to the amount committed per period, over all lines of a subscription and dimension in it. The version in
-- force at the period's end, or in the subscription's last hour before that, says how much; a subscription that used nothing
-- owes it all.
with newest as (
  select
    as_of_date,
    coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

first_date as (
  select min(as_of_date) as first_date from {{ ref('int_as_of_dates') }}
),

amounts as (
  select * from {{ ref('int_overage_usage_amounts') }}
),

metered as (
  select distinct subscription_id from amounts
),

-- Without Tackle nobody says when a subscription is in force but its own lines.
terms as (
  select
    subscriptions.subscription_id,
    cast(subscriptions.starts_at as date) as start_date,
    subscriptions.from_hour as term_from_hour,
    subscriptions.to_hour as term_to_hour,
    subscriptions.is_in_tackle
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
  left join metered on subscriptions.subscription_id = metered.subscription_id
  where subscriptions.is_in_tackle or metered.subscription_id is not null
),

stretches as (
  select
    terms.*,
    rated.dimension,
    rated.policy_id,
    rated.policy_version,
    rated.from_hour,
    rated.to_hour,
    policies.period,
    policies.currency,
    policies.true_up_committed_amount,
    greatest(first_date.first_date, cast(greatest(rated.from_hour, terms.term_from_hour) as date)) as first_day,
    least(newest.as_of_date, cast(least(rated.to_hour, terms.term_to_hour) as date)) as last_day
  from {{ ref('int_subscription_policies') }} as rated
  inner join newest on rated.snapshot_load_id = newest.tackle_load_id
  cross join first_date
  inner join {{ ref('stg_policies__overage_policies') }} as policies
    on rated.policy_id = policies.policy_id
    and rated.policy_version = policies.version
  inner join terms on rated.subscription_id = terms.subscription_id
  where policies.true_up_committed_amount is not null
),

days as (
  select
    stretches.*,
    cast(usage_date as date) as usage_date
  from stretches, {{ date_spine('stretches.first_day', 'stretches.last_day', 'usage_date') }}
),

in_periods as (
  {{ with_billing_period('days') }}
),

periods as (
  select distinct
    subscription_id,
    dimension,
    billing_period,
    billing_period_end,
    policy_id,
    policy_version,
    currency,
    true_up_committed_amount,
    is_in_tackle,
    from_hour,
    to_hour,
    {{ timestamp_add_hours('least(cast(billing_period_end as timestamp), term_to_hour)', -1) }} as last_hour
  from in_periods
  cross join newest
  where
    billing_period_end <= {{ date_add_days('newest.as_of_date', 1) }}
    and cast(billing_period as timestamp) < term_to_hour
    and term_from_hour < cast(billing_period_end as timestamp)
),

due as (
  select * from periods
  where from_hour <= last_hour and last_hour < to_hour
),

charged as (
  select
    subscription_id,
    dimension,
    billing_period,
    billing_period_end,
    min(currency) as currency,
    max(currency) as other_currency,
    min(customer_id) as customer_id,
    -- Nothing is charged for a line that was not metered.
    sum(coalesce(amount, 0)) as amount
  from amounts
  group by subscription_id, dimension, billing_period, billing_period_end
),

customers as (
  select
    links.subscription_id,
    min(links.customer_id) as customer_id
  from {{ ref('int_cluster_subscriptions_as_of') }} as links
  inner join newest on links.as_of_date = newest.as_of_date
  group by links.subscription_id
),

final as (
  select
    {{ surrogate_key(["'true_up'", 'due.subscription_id', 'due.dimension', 'due.billing_period', 'due.policy_id', 'due.policy_version']) }} as line_id,
    due.subscription_id,
    coalesce(charged.customer_id, customers.customer_id) as customer_id,
    due.dimension,
    due.billing_period,
    due.billing_period_end,
    due.policy_id,
    due.policy_version,
    {{ fits(
      'greatest(due.true_up_committed_amount - coalesce(charged.amount, 0), 0)',
      'charged.currency <> due.currency or charged.other_currency <> due.currency',
      "'overage: true-up of ' || due.subscription_id || ' ' || due.dimension || ' ' || cast(due.billing_period as " ~ type_text()
      ~ ") || ': got charges in ' || charged.currency || ' and ' || charged.other_currency || ', want ' || due.currency"
      ~ " || '; let a currency change with a billing period'",
      type_decimal()
    ) }} as amount,
    due.currency
  from due
  left join charged
    on due.subscription_id = charged.subscription_id
    and due.dimension = charged.dimension
    and due.billing_period = charged.billing_period
    and due.billing_period_end = charged.billing_period_end
  left join customers on due.subscription_id = customers.subscription_id
  where due.is_in_tackle or charged.subscription_id is not null
)

select * from final
