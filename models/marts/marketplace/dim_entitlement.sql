with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

tackle_subscriptions as (
  {{ current_state(ref('stg_tackle__subscriptions'), 'tackle') }}
),

subscriptions as (
  select subscriptions.*
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
  where subscriptions.is_in_tackle
),

items as (
  select items.*
  from {{ ref('int_entitlement_items_at_snapshot') }} as items
  inner join newest on items.snapshot_load_id = newest.tackle_load_id
),

names as (
  select * from {{ ref('stg_policies__marketplace_dimensions') }}
),

contracts as (
  select
    terms.subscription_id,
    count(*) as contracts,
    max(terms.contract_id) as contract_id
  from {{ ref('int_contract_terms_at_snapshot') }} as terms
  inner join newest on terms.snapshot_load_id = newest.tackle_load_id
  where terms.subscription_id is not null
  group by terms.subscription_id
),

subscription_accounts as (
  select accounts.*
  from {{ ref('int_subscription_accounts_as_of') }} as accounts
  inner join newest on accounts.as_of_date = newest.as_of_date
),

clusters as (
  select
    links.subscription_id,
    min(links.customer_id) as customer_id,
    count(distinct links.cluster_id) as clusters
  from {{ ref('int_cluster_subscriptions_as_of') }} as links
  inner join newest on links.as_of_date = newest.as_of_date
  group by links.subscription_id
),

final as (
  select
    {{ surrogate_key(['subscriptions.subscription_id', 'items.item_position']) }} as entitlement_id,
    subscriptions.subscription_id,
    subscriptions.cloud,
    subscriptions.phase,
    coalesce(items.plan, subscriptions.plan) as plan,
    subscriptions.tier,
    subscriptions.edition,
    coalesce(names.dimension, items.dimension_name) as dimension,
    items.quantity,
    subscription_accounts.account_id,
    subscription_accounts.matched_by as account_matched_by,
    clusters.customer_id,
    subscriptions.buyer_id,
    subscriptions.product_id,
    subscriptions.offer_id,
    contracts.contract_id,
    coalesce(contracts.contracts, 0) as contracts,
    coalesce(clusters.clusters, 0) as clusters,
    subscriptions.starts_at,
    {{ least_known('subscriptions.ends_at', 'items.expires_at') }} as ends_at,
    subscriptions.from_hour <= {{ timestamp_add_hours('cast(newest.as_of_date as timestamp)', 23) }}
    and {{ timestamp_add_hours('cast(newest.as_of_date as timestamp)', 23) }} < least(
      subscriptions.to_hour, {{ hour_ceil('coalesce(items.expires_at, ' ~ end_of_time() ~ ')') }}
    ) as is_in_force,
    tackle_subscriptions.registered_at,
    tackle_subscriptions.cancelled_at,
    coalesce(tackle_subscriptions.is_free_trial, false) as is_free_trial
  from subscriptions
  cross join newest
  inner join tackle_subscriptions on subscriptions.subscription_id = tackle_subscriptions.subscription_id
  left join items on subscriptions.subscription_id = items.subscription_id
  left join names
    on items.cloud = names.cloud
    and items.dimension_name = names.marketplace_name
  left join contracts on subscriptions.subscription_id = contracts.subscription_id
  left join subscription_accounts on subscriptions.subscription_id = subscription_accounts.subscription_id
  left join clusters on subscriptions.subscription_id = clusters.subscription_id
)

select * from final
