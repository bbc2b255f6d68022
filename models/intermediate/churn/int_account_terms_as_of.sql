-- What an account's contracts, cases and renewal say at each as-of date: one row per account with any of them.
with dates as (
  select * from {{ ref('int_as_of_dates') }}
),

contracts as (
  select * from {{ ref('int_account_contracts_as_of') }}
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

-- Clouds of which no contract is in force any more, and the first day after the last one's end.
ended as (
  select
    as_of_date,
    account_id,
    cloud,
    max(first_date_after) as first_date_after
  from contracts
  where contract_source = 'tackle'
  group by as_of_date, account_id, cloud
  having max(case when is_in_force then 1 else 0 end) = 0
),

used_clusters as (
  select
    days.cluster_id,
    days.usage_date,
    days.valid_from_as_of,
    least(
      days.valid_to_as_of,
      coalesce(
        min(case when days.valid_to_as_of = {{ open_date() }} then days.valid_from_as_of end) over (
          partition by days.cluster_id
          order by days.usage_date, days.valid_from_as_of
          rows between 1 following and unbounded following
        ),
        days.valid_to_as_of
      )
    ) as matters_to_as_of
  from {{ ref('int_cluster_day_versions') }} as days
  where days.capacity_used_sum > 0 or days.hours_active > 0
),

used_after_end as (
  select distinct
    ended.as_of_date,
    ended.account_id
  from ended
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on ended.account_id = mapped.account_id
    and ended.cloud = mapped.cloud
    and mapped.valid_from_as_of <= ended.as_of_date
    and ended.as_of_date < mapped.valid_to_as_of
  inner join used_clusters
    on mapped.cluster_id = used_clusters.cluster_id
    and used_clusters.valid_from_as_of <= ended.as_of_date
    and ended.as_of_date < used_clusters.matters_to_as_of
    and used_clusters.usage_date >= ended.first_date_after
),

subscriptions as (
  select
    accounts.as_of_date,
    accounts.account_id,
    min(cast(subscriptions.starts_at as date)) as entitled_since,
    max(case when {{ timestamp_add_hours('cast(accounts.as_of_date as timestamp)', 23) }} < subscriptions.to_hour then 1 else 0 end) = 1 as is_entitled
  from {{ ref('int_subscription_accounts_as_of') }} as accounts
  inner join dates on accounts.as_of_date = dates.as_of_date
  inner join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on coalesce(dates.tackle_load_id, 0) = subscriptions.snapshot_load_id
    and accounts.subscription_id = subscriptions.subscription_id
    and subscriptions.is_in_tackle
    and subscriptions.from_hour <= {{ timestamp_add_hours('cast(accounts.as_of_date as timestamp)', 23) }}
  where accounts.account_id is not null
  group by accounts.as_of_date, accounts.account_id
),

salesforce_terms as (
  select
    as_of_date,
    account_id,
    min(start_date) as entitled_since,
    max(case when is_in_force then 1 else 0 end) = 1 as is_entitled
  from contracts
  where contract_source = 'salesforce'
  group by as_of_date, account_id
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
    used_after_end.account_id is not null as offer_expired_with_usage,
    coalesce(subscriptions.entitled_since, salesforce_terms.entitled_since) as entitled_since,
    coalesce(subscriptions.is_entitled, salesforce_terms.is_entitled, false) as is_entitled,
    coalesce(cases.cases_90d, 0) as cases_90d,
    coalesce(cases.networking_cases_90d, 0) as networking_cases_90d
  from accounts
  left join in_force
    on accounts.as_of_date = in_force.as_of_date
    and accounts.account_id = in_force.account_id
  left join used_after_end
    on accounts.as_of_date = used_after_end.as_of_date
    and accounts.account_id = used_after_end.account_id
  left join subscriptions
    on accounts.as_of_date = subscriptions.as_of_date
    and accounts.account_id = subscriptions.account_id
  left join salesforce_terms
    on accounts.as_of_date = salesforce_terms.as_of_date
    and accounts.account_id = salesforce_terms.account_id
  left join cases
    on accounts.as_of_date = cases.as_of_date
    and accounts.account_key = cases.account_key
)

select * from final
