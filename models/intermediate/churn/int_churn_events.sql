-- What the churn score is tried on: each end of a contract and each termination whose outcome is known, with what the models
-- said a lead time before. Accounts without a contract in Tackle go by Salesforce's contracts.
with newest as (
  select
    max(as_of_date) as as_of_date,
    min(as_of_date) as first_date
  from {{ ref('int_as_of_dates') }}
),

loads as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

policy as (
  select
    policies.version,
    policies.backtest_lead_days as lead_days
  from {{ ref('stg_policies__churn_policies') }} as policies
  inner join newest
    on policies.effective_from <= newest.as_of_date
    and (policies.effective_to is null or newest.as_of_date < policies.effective_to)
),

-- An amendment ends a contract before its time and goes on with the same subscription: nothing is up for renewal.
amended as (
  select
    contract_id,
    ends_at < coalesce(stated_ends_at, {{ end_of_time() }})
    and ends_at = lead(starts_at) over (partition by subscription_id order by starts_at, contract_id) as is_amended
  from {{ ref('int_contract_terms_at_snapshot') }}
  where snapshot_load_id = (select tackle_load_id from loads) and subscription_id is not null
),

-- The first day on which a contract no longer holds: Tackle's end is exclusive, Salesforce's is the last day.
contracts as (
  select
    contracts.account_id,
    contracts.contract_source,
    contracts.contract_id,
    coalesce(contracts.cloud, 'any') as cloud,
    contracts.start_date,
    contracts.end_date,
    case when contracts.contract_source = 'tackle' then contracts.end_date else contracts.first_date_after end as stop_date,
    coalesce(amended.is_amended, false) as is_amended,
    max(case when contracts.contract_source = 'tackle' then 1 else 0 end) over (partition by contracts.account_id) = 1 as is_in_tackle
  from {{ ref('int_account_contracts_as_of') }} as contracts
  inner join newest on contracts.as_of_date = newest.as_of_date
  left join amended
    on contracts.contract_source = 'tackle'
    and contracts.contract_id = amended.contract_id
),

-- A contract that was cancelled at its start never held.
terms as (
  select * from contracts
  where is_in_tackle = (contract_source = 'tackle') and (stop_date is null or start_date < stop_date)
),

clusters as (
  select
    matched.account_id,
    cast(clusters.created_at as date) as created_date,
    case when clusters.terminated_at <= loads.cut_off_at then cast(clusters.terminated_at as date) end as terminated_date
  from {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
  inner join loads on clusters.snapshot_load_id = loads.polaris_load_id
  inner join {{ ref('int_customer_account_current') }} as matched on clusters.customer_id = matched.customer_id
  where matched.account_id is not null
),

ends as (
  select
    terms.account_id,
    terms.end_date as event_date,
    terms.stop_date,
    terms.start_date,
    0 as is_termination,
    case when max(case when others.contract_id is not null then 1 else 0 end) = 1 then 1 else 0 end as is_renewed
  from terms
  inner join newest on terms.stop_date <= newest.as_of_date
  left join terms as others
    on terms.account_id = others.account_id
    and terms.cloud = others.cloud
    and terms.contract_id <> others.contract_id
    and others.start_date <= terms.stop_date
    and (others.stop_date is null or terms.stop_date < others.stop_date)
  where not terms.is_amended
  group by terms.account_id, terms.contract_id, terms.end_date, terms.stop_date, terms.start_date
  union all
  select
    account_id,
    terminated_date as event_date,
    terminated_date as stop_date,
    min(created_date) as start_date,
    1 as is_termination,
    1 as is_renewed
  from clusters
  where terminated_date is not null
  group by account_id, terminated_date
),

-- Terminated by then: clusters had been created, and none of them lives on after the day.
outcomes as (
  select
    ends.account_id,
    ends.event_date,
    ends.stop_date,
    ends.start_date,
    ends.is_termination,
    ends.is_renewed,
    count(clusters.account_id) > 0
    and count(case when clusters.account_id is not null and (clusters.terminated_date is null or clusters.terminated_date > ends.stop_date) then 1 end) = 0
      as is_terminated
  from ends
  left join clusters
    on ends.account_id = clusters.account_id
    and clusters.created_date <= ends.stop_date
  group by ends.account_id, ends.event_date, ends.stop_date, ends.start_date, ends.is_termination, ends.is_renewed
),

events as (
  select
    account_id,
    event_date,
    min(start_date) as start_date,
    case when max(is_termination) = 1 then 'termination' else 'renewal' end as event_type,
    max(case when is_terminated or is_renewed = 0 then 1 else 0 end) = 1 as is_churned
  from outcomes
  -- A cluster that goes while others stay ends nothing.
  where is_termination = 0 or is_terminated
  group by account_id, event_date
),

begun as (
  select account_id, start_date from terms
  union all
  select account_id, created_date as start_date from clusters
),

-- An account is lost once until something begins anew: its termination and the end of its contract are one event.
counted as (
  select
    events.account_id,
    events.event_date,
    events.start_date,
    events.event_type,
    events.is_churned,
    count(begun.account_id) as beginnings
  from events
  left join begun
    on events.account_id = begun.account_id
    and begun.start_date < events.event_date
  group by events.account_id, events.event_date, events.start_date, events.event_type, events.is_churned
),

numbered as (
  select
    counted.*,
    row_number() over (partition by account_id, beginnings, is_churned order by event_date) as churn_number
  from counted
),

dated as (
  select
    numbered.*,
    policy.version as policy_version,
    {{ date_add_days('numbered.event_date', '-policy.lead_days') }} as as_of_date
  from numbered
  cross join policy
  where not numbered.is_churned or numbered.churn_number = 1
),

final as (
  select
    dated.account_id,
    dated.event_date,
    dated.event_type,
    dated.is_churned,
    dated.policy_version,
    dated.as_of_date,
    indicators.score,
    indicators.band,
    indicators.days_to_renewal,
    indicators.usage_change_28d,
    indicators.crm_known_as_of
  from dated
  inner join newest
    on dated.as_of_date >= newest.first_date
    and dated.start_date <= dated.as_of_date
  left join {{ ref('fct_churn_indicators') }} as indicators
    on dated.account_id = indicators.account_id
    and dated.as_of_date = indicators.as_of_date
)

select * from final
