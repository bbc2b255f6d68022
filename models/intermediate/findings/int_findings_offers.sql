-- Rules about the offers of the marketplaces and the opportunities and contracts that belong to them, as broken on each
-- date from which on both Salesforce and Tackle are known.
with dates as (
  select * from {{ ref('int_as_of_dates') }}
  where salesforce_known and tackle_known
),

contracts as (
  select
    snapshot_load_id,
    offer_id,
    contract_id,
    total_contract_value
  from {{ ref('int_tackle__contracts_at_snapshot') }}
  where offer_id is not null
),

aws_offers as (
  select * from {{ ref('int_tackle__aws_offers_at_snapshot') }}
),

opportunities as (
  select
    opportunities.*,
    {{ salesforce_id_key('opportunity_id') }} as opportunity_key,
    {{ salesforce_id_key('account_id') }} as account_key
  from ({{ at_snapshot(ref('stg_salesforce__opportunity'), 'salesforce') }}) as opportunities
  where not is_deleted
),

-- A draft was not made to anybody yet.
stated_offers as (
  select
    snapshot_load_id,
    coalesce(offer_ref, po_id) as offer_id,
    {{ salesforce_id_key('opportunity_id') }} as opportunity_key,
    buyer_company_name as buyer_name
  from {{ ref('int_tackle__microsoft_offers_at_snapshot') }}
  where state <> 'draft'
  union all
  select
    snapshot_load_id,
    coalesce(offer_id, po_id) as offer_id,
    {{ salesforce_id_key('salesforce_id') }} as opportunity_key,
    cast(null as {{ type_text() }}) as buyer_name
  from aws_offers
  union all
  select
    snapshot_load_id,
    offer_id,
    cast(null as {{ type_text() }}) as opportunity_key,
    company_name as buyer_name
  from {{ ref('int_tackle__contracts_at_snapshot') }}
  where offer_id is not null
),

offers as (
  select
    snapshot_load_id,
    offer_id,
    min(buyer_name) as buyer_name
  from stated_offers
  group by snapshot_load_id, offer_id
),

pairs as (
  select distinct
    salesforce_load_id,
    tackle_load_id
  from dates
),

linked as (
  select
    pairs.salesforce_load_id,
    pairs.tackle_load_id,
    opportunities.marketplace_offer_id as offer_id
  from pairs
  inner join opportunities on pairs.salesforce_load_id = opportunities.snapshot_load_id
  where opportunities.marketplace_offer_id is not null
  union distinct
  select
    pairs.salesforce_load_id,
    pairs.tackle_load_id,
    stated_offers.offer_id
  from pairs
  inner join stated_offers on pairs.tackle_load_id = stated_offers.snapshot_load_id
  inner join opportunities
    on pairs.salesforce_load_id = opportunities.snapshot_load_id
    and stated_offers.opportunity_key = opportunities.opportunity_key
),

without_opportunity as (
  select
    dates.as_of_date,
    'offer_without_opportunity' as rule_id,
    offers.offer_id as record_id,
    'buyer ' || coalesce(offers.buyer_name, 'not stated') as detail
  from dates
  inner join offers on dates.tackle_load_id = offers.snapshot_load_id
  left join linked
    on dates.salesforce_load_id = linked.salesforce_load_id
    and dates.tackle_load_id = linked.tackle_load_id
    and offers.offer_id = linked.offer_id
  where linked.offer_id is null
),

-- To which accounts an offer was made: by the clusters or contracts of its subscriptions, not by the opportunity itself.
offer_subscriptions as (
  select
    snapshot_load_id,
    offer_id,
    subscription_id
  from {{ ref('int_contract_terms_at_snapshot') }}
  where offer_id is not null and subscription_id is not null
  union distinct
  select
    snapshot_load_id,
    offer_id,
    subscription_id
  from {{ ref('int_tackle__subscriptions_at_snapshot') }}
  where offer_id is not null
),

offer_accounts as (
  select
    dates.as_of_date,
    offer_subscriptions.offer_id,
    accounts.account_id,
    {{ salesforce_id_key('accounts.account_id') }} as account_key
  from dates
  inner join offer_subscriptions on dates.tackle_load_id = offer_subscriptions.snapshot_load_id
  inner join {{ ref('int_subscription_accounts_as_of') }} as accounts
    on dates.as_of_date = accounts.as_of_date
    and offer_subscriptions.subscription_id = accounts.subscription_id
  where accounts.matched_by in ('cluster', 'salesforce_contract')
),

compared as (
  select
    dates.as_of_date,
    opportunities.marketplace_offer_id as offer_id,
    opportunities.opportunity_id,
    opportunities.account_id as opportunity_account_id,
    min(offer_accounts.account_id) as offer_account_id,
    max(case when offer_accounts.account_key = opportunities.account_key then 1 else 0 end) = 1 as is_same
  from dates
  inner join opportunities on dates.salesforce_load_id = opportunities.snapshot_load_id
  inner join offer_accounts
    on dates.as_of_date = offer_accounts.as_of_date
    and opportunities.marketplace_offer_id = offer_accounts.offer_id
  where opportunities.account_id is not null
  group by
    dates.as_of_date, opportunities.marketplace_offer_id, opportunities.opportunity_id, opportunities.account_id
),

other_account as (
  select
    as_of_date,
    'offer_opportunity_other_account' as rule_id,
    offer_id as record_id,
    'account ' || min(offer_account_id) || ', opportunity ' || min(opportunity_id) || ' of account '
    || min(opportunity_account_id) as detail
  from compared
  where not is_same
  group by as_of_date, offer_id
),

-- A public offer has many contracts, and none of them is its value.
offer_values as (
  select
    snapshot_load_id,
    offer_id,
    min(total_contract_value) as total_contract_value
  from contracts
  group by snapshot_load_id, offer_id
  having count(*) = 1 and count(contracts.total_contract_value) = 1
),

amounts as (
  select
    dates.as_of_date,
    'amount_differs_from_offer' as rule_id,
    opportunities.opportunity_id as record_id,
    'opportunity '
    || case when opportunities.amount is null then 'without amount' else {{ money_text('opportunities.amount') }} end
    || ', offer ' || offer_values.offer_id || ' ' || {{ money_text('offer_values.total_contract_value') }} as detail
  from dates
  inner join opportunities on dates.salesforce_load_id = opportunities.snapshot_load_id
  inner join offer_values
    on dates.tackle_load_id = offer_values.snapshot_load_id
    and opportunities.marketplace_offer_id = offer_values.offer_id
  where opportunities.amount is distinct from offer_values.total_contract_value
),

final as (
  select * from without_opportunity
  union all
  select * from other_account
  union all
  select * from amounts
)

select * from final
