with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

microsoft_offers as (
  {{ current_state(ref('stg_tackle__microsoft_offers'), 'tackle') }}
),

aws_offers as (
  {{ current_state(ref('stg_tackle__aws_offers'), 'tackle') }}
),

contracts as (
  {{ current_state(ref('stg_tackle__contracts'), 'tackle') }}
),

opportunities as (
  {{ current_state(ref('stg_salesforce__opportunity'), 'salesforce') }}
),

accounts as (
  {{ current_state(ref('stg_salesforce__account'), 'salesforce') }}
),

terms as (
  select terms.*
  from {{ ref('int_contract_terms_at_snapshot') }} as terms
  inner join newest on terms.snapshot_load_id = newest.tackle_load_id
),

subscription_accounts as (
  select accounts_as_of.*
  from {{ ref('int_subscription_accounts_as_of') }} as accounts_as_of
  inner join newest on accounts_as_of.as_of_date = newest.as_of_date
),

subscriptions as (
  select subscriptions.*
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
),

aws_plans as (
  select
    po_id,
    min({{ json_text('entry_item', '$.api_name') }}) as plan
  from aws_offers, {{ numbered_elements(json_elements('aws_offers.pricing', '$.dimensions'), 'entry') }}
  group by po_id
),

private_offers as (
  select
    'azure' as cloud,
    offer_ref as offer_id,
    po_id,
    plan_ref as plan,
    state,
    buyer_company_name as buyer_name,
    opportunity_id,
    starts_at,
    ends_at,
    accept_by_at as expires_at
  from microsoft_offers
  union all
  select
    'aws' as cloud,
    aws_offers.offer_id,
    aws_offers.po_id,
    aws_plans.plan,
    cast(null as {{ type_text() }}) as state,
    cast(null as {{ type_text() }}) as buyer_name,
    aws_offers.salesforce_id as opportunity_id,
    aws_offers.service_start_at as starts_at,
    aws_offers.service_end_at as ends_at,
    aws_offers.offer_expiration_at as expires_at
  from aws_offers
  left join aws_plans on aws_offers.po_id = aws_plans.po_id
),

-- Google Cloud has no list of offers, and public offers have none anywhere: those come from their contracts.
contract_offers as (
  select
    contracts.cloud_marketplace as cloud,
    contracts.offer_id,
    max(case when contracts.offer_type = 'private' then contracts.tackle_offer_id end) as tackle_offer_id,
    min(subscriptions.plan) as plan,
    min(contracts.company_name) as buyer_name,
    min(contracts.starts_at) as starts_at,
    max(contracts.ends_at) as ends_at
  from contracts
  left join terms on contracts.contract_id = terms.contract_id
  left join subscriptions on terms.subscription_id = subscriptions.subscription_id
  left join private_offers
    on contracts.cloud_marketplace = private_offers.cloud
    and (contracts.offer_id = private_offers.offer_id or contracts.tackle_offer_id = private_offers.po_id)
  where private_offers.po_id is null and contracts.offer_id is not null
  group by contracts.cloud_marketplace, contracts.offer_id
),

offers as (
  select * from private_offers
  union all
  select
    cloud,
    offer_id,
    cast(null as {{ type_text() }}) as po_id,
    plan,
    cast(null as {{ type_text() }}) as state,
    buyer_name,
    cast(null as {{ type_text() }}) as opportunity_id,
    starts_at,
    ends_at,
    cast(null as timestamp) as expires_at
  from contract_offers
),

keyed as (
  select
    {{ surrogate_key(['cloud', 'coalesce(po_id, offer_id)']) }} as offer_key,
    offers.*
  from offers
),

-- All contracts of an offer; a public offer has many.
contracted as (
  select
    keyed.offer_key,
    count(*) as contracts,
    max(case when contracts.contract_status in ('Active', 'Amended') then 1 else 0 end) = 1 as has_live_contract,
    max(case when contracts.contract_status = 'Cancelled' then 1 else 0 end) = 1 as has_cancelled_contract,
    max(case when contracts.contract_status = 'Pending' then 1 else 0 end) = 1 as has_pending_contract,
    min(contracts.contract_status) as first_status,
    min(contracts.offer_type) as offer_type,
    min(contracts.listing_type) as listing_type,
    min(contracts.company_name) as company_name,
    min(contracts.accepted_at) as accepted_at,
    min(contracts.starts_at) as starts_at,
    max(contracts.ends_at) as ends_at,
    cast(sum(contracts.total_contract_value) as {{ type_decimal() }}) as total_contract_value,
    min(contracts.total_contract_value_currency) as currency,
    count(distinct contracts.total_contract_value_currency) as currencies,
    count(distinct subscription_accounts.account_id) as accounts,
    min(subscription_accounts.account_id) as account_id
  from keyed
  inner join contracts
    on keyed.cloud = contracts.cloud_marketplace
    and (keyed.offer_id = contracts.offer_id or keyed.po_id = contracts.tackle_offer_id)
  left join terms on contracts.contract_id = terms.contract_id
  left join subscription_accounts on terms.subscription_id = subscription_accounts.subscription_id
  group by keyed.offer_key
),

by_opportunity as (
  select
    keyed.offer_key,
    min(opportunities.opportunity_id) as opportunity_id,
    min(accounts.account_id) as account_id
  from keyed
  inner join opportunities
    on keyed.offer_id = opportunities.marketplace_offer_id
    and not opportunities.is_deleted
  left join accounts
    on {{ salesforce_id_key('opportunities.account_id') }} = {{ salesforce_id_key('accounts.account_id') }}
    and not accounts.is_deleted
  group by keyed.offer_key
),

final as (
  select
    keyed.offer_key,
    keyed.cloud,
    keyed.offer_id,
    keyed.po_id,
    case
      when attributes.phase = 'saas' or contracted.listing_type = 'SaaS' then 'saas'
      when keyed.po_id is not null then 'private'
      else coalesce(contracted.offer_type, attributes.phase)
    end as phase,
    coalesce(keyed.state, contracted.first_status) as state,
    case
      when contracted.has_live_contract and contracted.ends_at <= newest.cut_off_at then 'ended'
      when contracted.has_live_contract and contracted.starts_at > newest.cut_off_at then 'accepted'
      when contracted.has_live_contract then 'in_force'
      when contracted.has_pending_contract then 'accepted'
      when contracted.has_cancelled_contract then 'cancelled'
      when contracted.offer_key is not null then 'ended'
      when keyed.state in ('canceled', 'deleted_in_cloud') then 'cancelled'
      when keyed.state in ('accepted', 'subscribed', 'pending_cancellation', 'pending_cancellation_withdrawn') then 'accepted'
      when keyed.state in ('draft', 'pending') then 'draft'
      when keyed.expires_at <= newest.cut_off_at then 'expired'
      else 'open'
    end as state_group,
    keyed.plan,
    coalesce(keyed.buyer_name, contracted.company_name) as buyer_name,
    case when contracted.accounts = 1 then contracted.account_id else by_opportunity.account_id end as account_id,
    coalesce(keyed.opportunity_id, by_opportunity.opportunity_id) as opportunity_id,
    coalesce(contracted.contracts, 0) as contracts,
    case when contracted.currencies = 1 then contracted.total_contract_value end as total_contract_value,
    case when contracted.currencies = 1 then contracted.currency end as currency,
    contracted.accepted_at,
    coalesce(contracted.starts_at, keyed.starts_at) as starts_at,
    coalesce(contracted.ends_at, keyed.ends_at) as ends_at,
    keyed.expires_at
  from keyed
  cross join newest
  left join contracted on keyed.offer_key = contracted.offer_key
  left join by_opportunity on keyed.offer_key = by_opportunity.offer_key
  left join {{ ref('stg_policies__plan_attributes') }} as attributes on keyed.plan = attributes.plan
)

select * from final
