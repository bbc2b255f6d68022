{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The account of each subscription, as known at each as-of date: by the clusters that are billed to it, else by the Salesforce
-- contract that names its Tackle contract, else by the opportunity that names its offer.
with dates as (
  select * from {{ dates_to_build(ref('int_as_of_dates')) }}
),

opportunities as (
  {{ at_snapshot(ref('stg_salesforce__opportunity'), 'salesforce') }}
),

by_cluster as (
  select
    links.as_of_date,
    links.subscription_id,
    min(mapped.account_id) as account_id
  from {{ dates_to_build(ref('int_cluster_subscriptions_as_of')) }} as links
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on links.cluster_id = mapped.cluster_id
    and mapped.valid_from_as_of <= links.as_of_date
    and links.as_of_date < mapped.valid_to_as_of
  group by links.as_of_date, links.subscription_id
),

accounts as (
  select
    snapshot_load_id,
    account_id,
    {{ salesforce_id_key('account_id') }} as account_key
  from {{ ref('int_salesforce__account_at_snapshot') }}
  where not is_deleted
),

by_contract as (
  select
    dates.as_of_date,
    terms.subscription_id,
    min(accounts.account_id) as account_id
  from dates
  inner join {{ ref('int_contract_terms_at_snapshot') }} as terms
    on dates.tackle_load_id = terms.snapshot_load_id
  inner join {{ ref('int_salesforce__contract_at_snapshot') }} as contracts
    on dates.salesforce_load_id = contracts.snapshot_load_id
    and terms.contract_id = contracts.tackle_contract_id
    and not contracts.is_deleted
  inner join accounts
    on dates.salesforce_load_id = accounts.snapshot_load_id
    and {{ salesforce_id_key('contracts.account_id') }} = accounts.account_key
  where terms.subscription_id is not null
  group by dates.as_of_date, terms.subscription_id
),

by_opportunity as (
  select
    dates.as_of_date,
    subscriptions.subscription_id,
    min(accounts.account_id) as account_id
  from dates
  inner join {{ ref('int_tackle__subscriptions_at_snapshot') }} as subscriptions
    on dates.tackle_load_id = subscriptions.snapshot_load_id
  inner join opportunities
    on dates.salesforce_load_id = opportunities.snapshot_load_id
    and subscriptions.offer_id = opportunities.marketplace_offer_id
    and not opportunities.is_deleted
  inner join accounts
    on dates.salesforce_load_id = accounts.snapshot_load_id
    and {{ salesforce_id_key('opportunities.account_id') }} = accounts.account_key
  group by dates.as_of_date, subscriptions.subscription_id
),

every as (
  select
    dates.as_of_date,
    subscriptions.subscription_id
  from dates
  inner join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on coalesce(dates.tackle_load_id, 0) = subscriptions.snapshot_load_id
),

final as (
  select
    every.as_of_date,
    every.subscription_id,
    coalesce(by_cluster.account_id, by_contract.account_id, by_opportunity.account_id) as account_id,
    case
      when by_cluster.account_id is not null then 'cluster'
      when by_contract.account_id is not null then 'salesforce_contract'
      when by_opportunity.account_id is not null then 'opportunity'
    end as matched_by
  from every
  left join by_cluster
    on every.as_of_date = by_cluster.as_of_date
    and every.subscription_id = by_cluster.subscription_id
  left join by_contract
    on every.as_of_date = by_contract.as_of_date
    and every.subscription_id = by_contract.subscription_id
  left join by_opportunity
    on every.as_of_date = by_opportunity.as_of_date
    and every.subscription_id = by_opportunity.subscription_id
)

select * from final
