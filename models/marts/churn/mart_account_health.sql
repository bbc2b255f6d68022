with newest as (
  select
    as_of_date,
    salesforce_load_id,
    {{ month_start('as_of_date') }} as month
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

accounts as (
  select * from {{ ref('dim_account') }}
),

indicators as (
  select indicators.*
  from {{ ref('fct_churn_indicators') }} as indicators
  inner join newest on indicators.as_of_date = newest.as_of_date
),

users as (
  {{ current_state(ref('stg_salesforce__user'), 'salesforce') }}
),

reasons as (
  select
    reasons.account_id,
    max(case when reasons.reason_rank = 1 and reasons.points > 0 then reasons.sentence end) as first_reason,
    max(case when reasons.reason_rank = 2 and reasons.points > 0 then reasons.sentence end) as second_reason
  from {{ ref('fct_churn_reasons') }} as reasons
  inner join newest on reasons.as_of_date = newest.as_of_date
  group by reasons.account_id
),

clusters as (
  select
    account_id,
    count(case when is_live then 1 end) as clusters_live,
    count(distinct case when is_live then cloud end) as clouds_live,
    min(case when is_live then cloud end) as cloud,
    count(distinct cloud) as clouds_ever,
    min(cloud) as cloud_ever,
    cast(sum(case when is_live then provisioned_tib end) as {{ type_decimal() }}) as provisioned_tib
  from {{ ref('dim_cluster') }}
  where account_id is not null
  group by account_id
),

entitlements as (
  select
    account_id,
    count(distinct subscription_id) as subscriptions_in_force,
    count(distinct phase) as phases,
    min(phase) as phase
  from {{ ref('dim_entitlement') }}
  where account_id is not null and is_in_force
  group by account_id
),

telemetry as (
  select
    days.account_id,
    sum(days.hours_observed) as hours_observed,
    sum(days.hours_expected) as hours_expected
  from {{ ref('int_account_day_versions') }} as days
  inner join newest
    on days.valid_from_as_of <= newest.as_of_date
    and newest.as_of_date < days.valid_to_as_of
    and days.usage_date > {{ date_add_days('newest.as_of_date', -28) }}
  group by days.account_id
),

overage as (
  select
    overage.account_id,
    cast(sum(overage.amount) as {{ type_decimal() }}) as amount,
    count(distinct overage.currency) as currencies,
    min(overage.currency) as currency
  from {{ ref('fct_overage') }} as overage
  cross join newest
  where overage.account_id is not null and {{ month_start('overage.posting_period') }} = newest.month
  group by overage.account_id
),

open_cases as (
  select
    {{ salesforce_id_key('cases.account_id') }} as account_key,
    count(*) as open_cases
  from {{ ref('int_salesforce__case_at_snapshot') }} as cases
  inner join newest on cases.snapshot_load_id = newest.salesforce_load_id
  where not cases.is_deleted and not cases.is_closed
  group by 1
),

final as (
  select
    newest.as_of_date,
    accounts.account_id,
    accounts.account_name,
    accounts.industry,
    accounts.billing_country,
    accounts.is_target_account,
    -- Salesforce may hold the manager as a user's id or as a name.
    coalesce(managers.name, accounts.csm) as csm,
    accounts.owner_name,
    accounts.arr,
    case
      when coalesce(clusters.clouds_live, clusters.clouds_ever) > 1 then 'several'
      when clusters.clouds_live = 1 then clusters.cloud
      when clusters.clouds_ever > 1 then 'several'
      else clusters.cloud_ever
    end as cloud,
    case
      when entitlements.phases > 1 then 'several'
      when entitlements.phases = 1 then entitlements.phase
      when clusters.cloud_ever = 'onprem' then 'licence'
    end as phase,
    coalesce(clusters.clusters_live, 0) as clusters_live,
    coalesce(entitlements.subscriptions_in_force, 0) as subscriptions_in_force,
    clusters.provisioned_tib,
    indicators.held_tib,
    indicators.held_tib_28d,
    indicators.committed_tib_28d,
    indicators.commitment_utilisation_28d,
    indicators.commitment_utilisation_28d_reason,
    indicators.usage_change_28d,
    indicators.usage_trend_pct_week,
    indicators.days_since_activity,
    indicators.days_without_telemetry,
    indicators.score,
    indicators.score_coverage,
    indicators.band,
    reasons.first_reason,
    reasons.second_reason,
    indicators.policy_version,
    indicators.next_renewal_date,
    indicators.days_to_renewal,
    {{ safe_divide('telemetry.hours_observed', 'telemetry.hours_expected') }} as coverage_28d,
    indicators.observed_days_28d,
    newest.month as overage_month,
    case when overage.currencies = 1 then overage.amount end as overage_amount,
    case when overage.currencies = 1 then overage.currency end as overage_currency,
    coalesce(open_cases.open_cases, 0) as open_cases,
    indicators.cases_90d,
    indicators.last_active_date,
    coalesce(indicators.crm_known_as_of, false) as crm_known_as_of
  from accounts
  cross join newest
  left join indicators on accounts.account_id = indicators.account_id
  left join users as managers on {{ salesforce_id_key('accounts.csm') }} = {{ salesforce_id_key('managers.user_id') }}
  left join reasons on accounts.account_id = reasons.account_id
  left join clusters on accounts.account_id = clusters.account_id
  left join entitlements on accounts.account_id = entitlements.account_id
  left join telemetry on accounts.account_id = telemetry.account_id
  left join overage on accounts.account_id = overage.account_id
  left join open_cases on {{ salesforce_id_key('accounts.account_id') }} = open_cases.account_key
)

select * from final
