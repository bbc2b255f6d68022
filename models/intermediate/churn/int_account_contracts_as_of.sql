{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The contracts that an account had begun by each as-of date: Tackle's and Salesforce's.
with dates as (
  select * from {{ dates_to_build(ref('int_as_of_dates')) }}
),

accounts as (
  select
    snapshot_load_id,
    account_id,
    {{ salesforce_id_key('account_id') }} as account_key
  from {{ ref('int_salesforce__account_at_snapshot') }}
  where not is_deleted
),

salesforce_contracts as (
  select
    dates.as_of_date,
    dates.tackle_load_id,
    contracts.contract_id,
    contracts.tackle_contract_id,
    contracts.start_date,
    contracts.end_date,
    accounts.account_id
  from dates
  inner join {{ ref('int_salesforce__contract_at_snapshot') }} as contracts
    on dates.salesforce_load_id = contracts.snapshot_load_id
  inner join accounts
    on dates.salesforce_load_id = accounts.snapshot_load_id
    and {{ salesforce_id_key('contracts.account_id') }} = accounts.account_key
  where not contracts.is_deleted and lower(contracts.status) not in ('draft', 'in approval process', 'inapproval')
),

named_by_salesforce as (
  select
    as_of_date,
    tackle_contract_id,
    min(account_id) as account_id
  from salesforce_contracts
  where tackle_contract_id is not null
  group by as_of_date, tackle_contract_id
),

tackle as (
  select
    dates.as_of_date,
    coalesce(subscription_accounts.account_id, named_by_salesforce.account_id) as account_id,
    'tackle' as contract_source,
    terms.contract_id,
    terms.cloud,
    terms.subscription_id,
    cast(terms.starts_at as date) as start_date,
    -- The first day that it no longer covers as a whole.
    cast(terms.ends_at as date) as end_date,
    {{ day_ceil('terms.ends_at') }} as first_date_after
  from dates
  inner join {{ ref('int_contract_terms_at_snapshot') }} as terms
    on dates.tackle_load_id = terms.snapshot_load_id
  left join {{ dates_to_build(ref('int_subscription_accounts_as_of')) }} as subscription_accounts
    on dates.as_of_date = subscription_accounts.as_of_date
    and terms.subscription_id = subscription_accounts.subscription_id
  left join named_by_salesforce
    on dates.as_of_date = named_by_salesforce.as_of_date
    and terms.contract_id = named_by_salesforce.tackle_contract_id
),

-- Salesforce's end date is the last day of a contract; Tackle's is exclusive.
salesforce as (
  select
    as_of_date,
    account_id,
    'salesforce' as contract_source,
    contract_id,
    cast(null as {{ type_text() }}) as cloud,
    cast(null as {{ type_text() }}) as subscription_id,
    start_date,
    end_date,
    {{ date_add_days('end_date', 1) }} as first_date_after
  from salesforce_contracts
),

together as (
  select * from tackle
  union all
  select * from salesforce
),

final as (
  select
    together.*,
    case contract_source
      when 'tackle' then end_date is null or as_of_date < end_date
      else end_date is null or as_of_date <= end_date
    end as is_in_force
  from together
  where account_id is not null and start_date <= as_of_date
)

select * from final
