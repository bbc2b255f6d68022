{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- What an account's contracts, cases and renewal say at each as-of date: one row per live account.
with dates as (
  select * from {{ dates_to_build(ref('int_as_of_dates')) }}
),

contracts as (
  select * from {{ dates_to_build(ref('int_account_contracts_as_of')) }}
),

in_force as (
  select
    as_of_date,
    account_id,
    min(case when contract_source = 'tackle' and is_in_force then end_date end) as tackle_end_date,
    min(case when contract_source = 'salesforce' and is_in_force then end_date end) as salesforce_end_date,
    max(case when is_in_force then 1 else 0 end) = 1 as has_contract_in_force
  from contracts
  group by as_of_date, account_id
),

-- Terms that had begun: subscriptions, and for accounts without any the contracts that Salesforce keeps.
terms as (
  select
    accounts.as_of_date,
    accounts.account_id,
    'tackle' as term_source,
    subscriptions.subscription_id as term_id,
    cast(subscriptions.starts_at as date) as start_date,
    subscriptions.from_hour,
    subscriptions.to_hour
  from {{ dates_to_build(ref('int_subscription_accounts_as_of')) }} as accounts
  inner join dates on accounts.as_of_date = dates.as_of_date
  inner join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on coalesce(dates.tackle_load_id, 0) = subscriptions.snapshot_load_id
    and accounts.subscription_id = subscriptions.subscription_id
    and subscriptions.is_in_tackle
    and subscriptions.from_hour <= {{ timestamp_add_hours('cast(accounts.as_of_date as timestamp)', 23) }}
  where accounts.account_id is not null
  union all
  select
    as_of_date,
    account_id,
    'salesforce' as term_source,
    contract_id as term_id,
    start_date,
    cast(start_date as timestamp) as from_hour,
    coalesce(cast(first_date_after as timestamp), {{ end_of_time() }}) as to_hour
  from contracts
  where contract_source = 'salesforce'
),

reached as (
  select
    terms.*,
    max(to_hour) over (
      partition by as_of_date, account_id, term_source
      order by from_hour, to_hour, term_id
      rows between unbounded preceding and 1 preceding
    ) as reached_hour
  from terms
),

-- A term that begins later than all earlier ones ended begins a new entitlement; the newest one counts.
stretches as (
  select
    reached.*,
    max(case when reached_hour is null or reached_hour < from_hour then from_hour end) over (
      partition by as_of_date, account_id, term_source
    ) as stretch_from_hour
  from reached
),

entitlements as (
  select
    as_of_date,
    account_id,
    term_source,
    min(case when from_hour >= stretch_from_hour then start_date end) as entitled_since,
    max(case when {{ timestamp_add_hours('cast(as_of_date as timestamp)', 23) }} < to_hour then 1 else 0 end) = 1 as is_entitled
  from stretches
  group by as_of_date, account_id, term_source
),

cases as (
  select
    dates.as_of_date,
    {{ salesforce_id_key('cases.account_id') }} as account_key,
    count(*) as cases_90d,
    count(case when replace(replace(lower(cases.category), ' ', ''), '-', '') = 'networking' then 1 end) as networking_cases_90d
  from dates
  inner join {{ ref('int_salesforce__case_at_snapshot') }} as cases
    on dates.salesforce_load_id = cases.snapshot_load_id
    and cast(cases.created_at as date) between {{ date_add_days('dates.as_of_date', -89) }} and dates.as_of_date
  where not cases.is_deleted
  group by 1, 2
),

accounts as (
  select
    dates.as_of_date,
    accounts.account_id,
    {{ salesforce_id_key('accounts.account_id') }} as account_key,
    accounts.renewal_date
  from dates
  inner join {{ ref('int_salesforce__account_at_snapshot') }} as accounts
    on dates.salesforce_load_id = accounts.snapshot_load_id
  where not accounts.is_deleted
),

final as (
  select
    accounts.as_of_date,
    accounts.account_id,
    in_force.account_id is not null as had_contract,
    coalesce(in_force.has_contract_in_force, false) as has_contract_in_force,
    coalesce(in_force.tackle_end_date, in_force.salesforce_end_date, accounts.renewal_date) as next_renewal_date,
    case when tackle.account_id is not null then tackle.entitled_since else salesforce.entitled_since end as entitled_since,
    coalesce(tackle.is_entitled, salesforce.is_entitled, false) as is_entitled,
    coalesce(cases.cases_90d, 0) as cases_90d,
    coalesce(cases.networking_cases_90d, 0) as networking_cases_90d
  from accounts
  left join in_force
    on accounts.as_of_date = in_force.as_of_date
    and accounts.account_id = in_force.account_id
  left join entitlements as tackle
    on accounts.as_of_date = tackle.as_of_date
    and accounts.account_id = tackle.account_id
    and tackle.term_source = 'tackle'
  left join entitlements as salesforce
    on accounts.as_of_date = salesforce.as_of_date
    and accounts.account_id = salesforce.account_id
    and salesforce.term_source = 'salesforce'
  left join cases
    on accounts.as_of_date = cases.as_of_date
    and accounts.account_key = cases.account_key
)

select * from final
