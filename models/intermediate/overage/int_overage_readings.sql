{{ config(materialized='view') }}

-- The revision of each rated reading that the lines are made of: the current one. When a month is closed (vars close_month and
-- close_load_id), the newest of those that the close takes: loaded up to that load and, of the lines that close with the
-- month, recorded up to its cut-off.
{% set month = var('close_month', none) -%}
with newest as (
  select
    as_of_date,
    coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

rated_dimensions as (
  select distinct dimension from {{ ref('stg_policies__overage_policies') }}
),

rated as (
  select revisions.*
  from {{ ref('int_reading_revisions') }} as revisions
  inner join rated_dimensions on revisions.dimension = rated_dimensions.dimension
  where revisions.usage_date <= (select as_of_date from newest)
),

{% if month -%}
with_terms as (
  select
    rated.*,
    policies.period,
    cast(subscriptions.starts_at as date) as start_date,
    subscriptions.to_hour as term_to_hour
  from rated
  cross join newest
  left join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on subscriptions.snapshot_load_id = newest.tackle_load_id
    and rated.subscription_id = subscriptions.subscription_id
  left join {{ ref('int_subscription_policies') }} as in_force
    on in_force.snapshot_load_id = newest.tackle_load_id
    and rated.subscription_id = in_force.subscription_id
    and rated.dimension = in_force.dimension
    and in_force.from_hour <= rated.hour
    and rated.hour < in_force.to_hour
  left join {{ ref('stg_policies__overage_policies') }} as policies
    on in_force.policy_id = policies.policy_id
    and in_force.policy_version = policies.version
  where rated.load_id <= {{ var('close_load_id') }}
),

in_periods as (
  {{ with_billing_period('with_terms') }}
),

taken as (
  select
    in_periods.*,
    row_number() over (partition by cluster_id, dimension, hour order by revision desc) as revision_rank
  from in_periods
  where
    period is null
    or {{ close_month('billing_period_end') }} <> date '{{ month }}'
    or recorded_at <= {{ close_cut_off_at("date '" ~ month ~ "'") }}
),
{%- else -%}
taken as (
  select
    rated.*,
    case when is_current then 1 end as revision_rank
  from rated
),
{%- endif %}

final as (
  select
    subscription_id,
    customer_id,
    cluster_id,
    region,
    dimension,
    hour,
    usage_date,
    quantity
  from taken
  where revision_rank = 1
)

select * from final
