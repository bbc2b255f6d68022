with customers as (
  {{ current_state(ref('stg_polaris__customers'), 'polaris') }}
),

matched as (
  select * from {{ ref('int_customer_account_current') }}
),

accounts as (
  {{ current_state(ref('stg_salesforce__account'), 'salesforce') }}
),

clusters as (
  {{ current_state(ref('stg_polaris__clusters'), 'polaris') }}
),

subscriptions as (
  {{ current_state(ref('stg_tackle__subscriptions'), 'tackle') }}
),

-- Polaris's clusters say which subscriptions of Tackle are a customer's.
bought as (
  select distinct
    clusters.customer_id,
    clusters.subscription_id,
    subscriptions.subscription_id as tackle_subscription_id,
    subscriptions.buyer_id
  from clusters
  left join subscriptions on clusters.subscription_id = subscriptions.subscription_id
  where clusters.subscription_id is not null
),

bought_counts as (
  select
    customer_id,
    count(*) as subscriptions,
    count(tackle_subscription_id) as subscriptions_in_tackle,
    count(distinct buyer_id) as tackle_buyers,
    string_agg(distinct buyer_id, ', ' order by buyer_id) as tackle_buyer_ids
  from bought
  group by customer_id
),

cluster_counts as (
  select
    customer_id,
    count(*) as clusters
  from clusters
  group by customer_id
),

final as (
  select
    customers.customer_id,
    customers.name as customer_name,
    customers.status as customer_status,
    matched.account_id,
    accounts.name as account_name,
    matched.matched_by,
    matched.conflict,
    matched.claiming_accounts,
    customers.salesforce_account_id as polaris_named_account_id,
    coalesce(cluster_counts.clusters, 0) as clusters,
    coalesce(bought_counts.subscriptions, 0) as subscriptions,
    coalesce(bought_counts.subscriptions_in_tackle, 0) as subscriptions_in_tackle,
    coalesce(bought_counts.tackle_buyers, 0) as tackle_buyers,
    bought_counts.tackle_buyer_ids
  from customers
  inner join matched on customers.customer_id = matched.customer_id
  left join accounts on matched.account_id = accounts.account_id
  left join cluster_counts on customers.customer_id = cluster_counts.customer_id
  left join bought_counts on customers.customer_id = bought_counts.customer_id
)

select * from final
