-- Rules about what was bought and what runs, as broken on each date from which on Tackle (and Polaris) are known. The
-- day's last hour decides what is in force.
with dates as (
  select
    dates.*,
    cast(as_of_date as timestamp) as first_hour,
    {{ timestamp_add_hours('cast(as_of_date as timestamp)', 23) }} as last_hour
  from {{ ref('int_as_of_dates') }} as dates
  where tackle_known
),

pair_dates as (
  select * from dates
  where polaris_known
),

subscriptions as (
  select * from {{ ref('int_subscriptions_at_snapshot') }}
  where is_in_tackle
),

links as (
  select * from {{ ref('int_cluster_subscriptions_as_of') }}
),

-- A buyer has until the end of the day on which the subscription appears.
unregistered as (
  select
    dates.as_of_date,
    'subscription_without_registration' as rule_id,
    subscriptions.subscription_id as record_id,
    subscriptions.cloud || ', buyer ' || coalesce(subscriptions.buyer_id, 'not stated') as detail
  from dates
  inner join {{ ref('int_tackle__subscriptions_at_snapshot') }} as subscriptions
    on dates.tackle_load_id = subscriptions.snapshot_load_id
  where
    subscriptions.registered_at is null
    and coalesce(subscriptions.registration_details, 'null') in ('null', '{}', '[]', '""')
    and (subscriptions.created_at is null or cast(subscriptions.created_at as date) <= dates.as_of_date)
),

used as (
  select distinct
    pair_dates.as_of_date,
    links.subscription_id
  from pair_dates
  inner join links
    on pair_dates.as_of_date = links.as_of_date
    and links.from_hour <= pair_dates.last_hour
    and pair_dates.first_hour < links.to_hour
),

without_cluster as (
  select
    pair_dates.as_of_date,
    'entitlement_without_cluster' as rule_id,
    subscriptions.subscription_id as record_id,
    subscriptions.cloud || coalesce(', plan ' || subscriptions.plan, '') as detail
  from pair_dates
  inner join subscriptions
    on pair_dates.tackle_load_id = subscriptions.snapshot_load_id
    and subscriptions.from_hour <= pair_dates.last_hour
    and pair_dates.last_hour < subscriptions.to_hour
  left join used
    on pair_dates.as_of_date = used.as_of_date
    and subscriptions.subscription_id = used.subscription_id
  where used.subscription_id is null
),

running as (
  select
    pair_dates.as_of_date,
    pair_dates.tackle_load_id,
    pair_dates.last_hour,
    clusters.cluster_id,
    clusters.cloud
  from pair_dates
  inner join {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
    on pair_dates.polaris_load_id = clusters.snapshot_load_id
  where
    clusters.cloud in ('azure', 'gcp', 'aws')
    and cast(clusters.created_at as date) <= pair_dates.as_of_date
    and (clusters.terminated_at is null or clusters.terminated_at > pair_dates.cut_off_at)
),

entitled as (
  select
    running.as_of_date,
    running.cluster_id,
    max(links.subscription_id) as billed_subscription_id,
    count(subscriptions.subscription_id) as in_force
  from running
  left join links
    on running.as_of_date = links.as_of_date
    and running.cluster_id = links.cluster_id
    and links.from_hour <= running.last_hour
    and running.last_hour < links.to_hour
  left join subscriptions
    on running.tackle_load_id = subscriptions.snapshot_load_id
    and links.subscription_id = subscriptions.subscription_id
    and subscriptions.from_hour <= running.last_hour
    and running.last_hour < subscriptions.to_hour
  group by running.as_of_date, running.cluster_id
),

without_entitlement as (
  select
    running.as_of_date,
    'cluster_without_entitlement' as rule_id,
    running.cluster_id as record_id,
    running.cloud || ', '
    || coalesce('subscription ' || entitled.billed_subscription_id || ' is not in force', 'no subscription') as detail
  from running
  inner join entitled
    on running.as_of_date = entitled.as_of_date
    and running.cluster_id = entitled.cluster_id
  where entitled.in_force = 0
),

final as (
  select * from unregistered
  union all
  select * from without_cluster
  union all
  select * from without_entitlement
)

select * from final
