-- Rules about opportunities, contracts, contacts and cases, as broken on each date from which on Salesforce is known.
with dates as (
  select * from {{ ref('int_as_of_dates') }}
  where salesforce_known
),

opportunities as (
  select
    opportunities.*,
    {{ salesforce_id_key('account_id') }} as account_key
  from ({{ at_snapshot(ref('stg_salesforce__opportunity'), 'salesforce') }}) as opportunities
  where not is_deleted
),

accounts as (
  select
    snapshot_load_id,
    {{ salesforce_id_key('account_id') }} as account_key
  from {{ ref('int_salesforce__account_at_snapshot') }}
  where not is_deleted
),

contracts as (
  select * from {{ ref('int_salesforce__contract_at_snapshot') }}
  where not is_deleted
),

contracted_accounts as (
  select distinct
    snapshot_load_id,
    {{ salesforce_id_key('account_id') }} as account_key
  from contracts
),

tackle_contracts as (
  select * from {{ ref('int_tackle__contracts_at_snapshot') }}
),

contracted_offers as (
  select distinct
    snapshot_load_id,
    offer_id
  from tackle_contracts
),

contacts as (
  select contacts.*
  from ({{ at_snapshot(ref('stg_salesforce__contact'), 'salesforce') }}) as contacts
  where not is_deleted
),

cases as (
  select * from {{ ref('int_salesforce__case_at_snapshot') }}
  where not is_deleted
),

-- An opportunity with a marketplace's offer is followed by Tackle's contract, any other by one of the account.
won as (
  select
    dates.as_of_date,
    'won_opportunity_without_contract' as rule_id,
    'salesforce' as record_system,
    opportunities.opportunity_id as record_id,
    opportunities.name || coalesce(', offer ' || opportunities.marketplace_offer_id, '') as detail
  from dates
  inner join opportunities
    on dates.salesforce_load_id = opportunities.snapshot_load_id
    and opportunities.is_won
  left join contracted_offers
    on dates.tackle_load_id = contracted_offers.snapshot_load_id
    and opportunities.marketplace_offer_id = contracted_offers.offer_id
  left join contracted_accounts
    on dates.salesforce_load_id = contracted_accounts.snapshot_load_id
    and opportunities.account_key = contracted_accounts.account_key
  where
    case
      when opportunities.marketplace_offer_id is null then contracted_accounts.account_key is null
      else dates.tackle_known and contracted_offers.offer_id is null
    end
),

-- Salesforce's end date is the last day of a contract; Tackle's end is exclusive.
past_end as (
  select
    dates.as_of_date,
    'contract_active_past_end' as rule_id,
    'salesforce' as record_system,
    contracts.contract_id as record_id,
    'ended ' || cast(contracts.end_date as {{ type_text() }}) as detail
  from dates
  inner join contracts
    on dates.salesforce_load_id = contracts.snapshot_load_id
    and lower(contracts.status) in ('activated', 'active')
    and contracts.end_date < dates.as_of_date
  union all
  select
    dates.as_of_date,
    'contract_active_past_end',
    'tackle',
    tackle_contracts.contract_id,
    'ended ' || cast(cast(tackle_contracts.ends_at as date) as {{ type_text() }})
  from dates
  inner join tackle_contracts
    on dates.tackle_known
    and dates.tackle_load_id = tackle_contracts.snapshot_load_id
    and tackle_contracts.contract_status = 'Active'
    and tackle_contracts.ends_at <= cast(dates.as_of_date as timestamp)
),

closing as (
  select
    dates.as_of_date,
    'close_date_in_past' as rule_id,
    'salesforce' as record_system,
    opportunities.opportunity_id as record_id,
    opportunities.name || ', ' || cast(opportunities.close_date as {{ type_text() }}) as detail
  from dates
  inner join opportunities
    on dates.salesforce_load_id = opportunities.snapshot_load_id
    and not opportunities.is_closed
    and opportunities.close_date < dates.as_of_date
),

people as (
  select
    dates.as_of_date,
    'contact_without_email' as rule_id,
    'salesforce' as record_system,
    contacts.contact_id as record_id,
    coalesce(contacts.first_name || ' ', '') || coalesce(contacts.last_name, 'without a name') as detail
  from dates
  inner join contacts
    on dates.salesforce_load_id = contacts.snapshot_load_id
    and coalesce(trim(contacts.email), '') = ''
),

orphans as (
  select
    dates.as_of_date,
    'orphan_case' as rule_id,
    'salesforce' as record_system,
    cases.case_id as record_id,
    case when cases.account_id is null then 'none stated' else 'account ' || cases.account_id || ' is not live' end as detail
  from dates
  inner join cases on dates.salesforce_load_id = cases.snapshot_load_id
  left join accounts
    on cases.snapshot_load_id = accounts.snapshot_load_id
    and {{ salesforce_id_key('cases.account_id') }} = accounts.account_key
  where accounts.account_key is null
),

final as (
  select * from won
  union all
  select * from past_end
  union all
  select * from closing
  union all
  select * from people
  union all
  select * from orphans
)

select * from final
