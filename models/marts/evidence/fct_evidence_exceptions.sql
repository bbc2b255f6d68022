with cells as (
  select * from {{ ref('fct_completeness_grid') }}
),

{% set kinds = {
  'missing_readings': "decision = 'missing'",
  'partly_missing_readings': "is_partly_metered and decision <> 'inactive'",
  'reading_without_entitlement': "readings > 0 and not is_in_term"
} -%}
-- Hours of one subscription, dimension and month that lack the same thing are one exception.
{% for kind, condition in kinds.items() -%}
{{ kind }} as (
  select
    period,
    subscription_id,
    dimension,
    min(hour) as first_hour,
    max(hour) as last_hour,
    count(*) as amount_of_hours
  from cells
  where {{ condition }}
  group by period, subscription_id, dimension
),

{% endfor -%}
-- What runs on premises is not sold through a marketplace and has no subscription.
without_subscription as (
  select
    {{ month_start('usage_hours.usage_date') }} as period,
    usage_hours.cluster_id,
    usage_hours.dimension,
    min(usage_hours.hour) as first_hour,
    max(usage_hours.hour) as last_hour,
    count(*) as amount_of_hours
  from {{ ref('fct_usage_hourly') }} as usage_hours
  inner join {{ ref('int_billable_dimensions') }} as dimensions on usage_hours.dimension = dimensions.dimension
  where usage_hours.subscription_id is null and coalesce(usage_hours.cloud, '') <> 'onprem'
  group by 1, 2, 3
),

{% set columns = 'period, kind, subscription_id, cluster_id, dimension, hour, first_hour, last_hour, amount_of_hours, is_open, sentence' -%}
{% set counted = count_text('amount_of_hours', 'hour') -%}
{% set sentences = {
  'missing_readings': counted ~ " || ' without any reading from Polaris and without an estimate: not billed; read the days again with `backfill --reprocess failed`, or have Polaris deliver them'",
  'partly_missing_readings': counted ~ " || ' in which Polaris has readings of some clusters and not of others: billed without the rest; read the days again with `backfill --reprocess failed`, or have Polaris deliver them'",
  'reading_without_entitlement': counted ~ " || ' metered by Polaris outside any term that Tackle knows of the subscription; renew or backdate the entitlement, or have the cluster moved or stopped'"
} -%}
final as (
  select exception_id, {{ columns }} from {{ ref('int_reading_exceptions') }}
  {% for kind in kinds -%}
  union all
  select
    {{ surrogate_key(["'" ~ kind ~ "'", 'subscription_id', 'dimension', date_diff_days("date '1970-01-01'", 'period')]) }} as exception_id,
    period,
    '{{ kind }}' as kind,
    subscription_id,
    cast(null as {{ type_text() }}) as cluster_id,
    dimension,
    cast(null as timestamp) as hour,
    first_hour,
    last_hour,
    amount_of_hours,
    true as is_open,
    {{ sentences[kind] }} as sentence
  from {{ kind }}
  {% endfor -%}
  union all
  select
    {{ surrogate_key(["'reading_without_subscription'", 'cluster_id', 'dimension', date_diff_days("date '1970-01-01'", 'period')]) }} as exception_id,
    period,
    'reading_without_entitlement' as kind,
    cast(null as {{ type_text() }}) as subscription_id,
    cluster_id,
    dimension,
    cast(null as timestamp) as hour,
    first_hour,
    last_hour,
    amount_of_hours,
    true as is_open,
    {{ counted }} || ' metered by Polaris on a marketplace cloud without a subscription; link the cluster to its subscription, or have it moved or stopped' as sentence
  from without_subscription
)

select * from final
