{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- For accounts that have gone quiet: days since they were last heard that their own clusters lack, days that only an outage of
-- the source took, and observed days since they were last active. Only quiet accounts are looked at day by day.
with terms as (
  select * from {{ dates_to_build(ref('int_account_terms_as_of')) }}
),

milestones as (
  select
    milestones.*,
    case when terms.is_entitled then terms.entitled_since end as entitled_since
  from {{ dates_to_build(ref('int_account_milestones_as_of')) }} as milestones
  inner join terms
    on milestones.as_of_date = terms.as_of_date
    and milestones.account_id = terms.account_id
),

days as (
  select * from {{ ref('int_account_day_versions') }}
),

unheard as (
  select
    milestones.as_of_date,
    milestones.account_id,
    count(case when days.hours_missing_cluster > 0 then 1 end) as days_without_telemetry,
    count(case when days.hours_missing_cluster = 0 and days.hours_missing_source > 0 then 1 end) as days_of_source_outage
  from milestones
  inner join days
    on milestones.account_id = days.account_id
    and days.usage_date <= milestones.as_of_date
    and (milestones.last_heard_date is null or milestones.last_heard_date < days.usage_date)
    and days.valid_from_as_of <= milestones.as_of_date
    and milestones.as_of_date < days.valid_to_as_of
  where milestones.last_heard_date is null or milestones.last_heard_date < milestones.as_of_date
  group by milestones.as_of_date, milestones.account_id
),

-- Twenty observed days cannot fit into fewer than twenty days.
inactive as (
  select
    milestones.as_of_date,
    milestones.account_id,
    count(*) as observed_days_inactive
  from milestones
  inner join days
    on milestones.account_id = days.account_id
    and days.usage_date <= milestones.as_of_date
    and days.usage_date >= milestones.entitled_since
    and (milestones.last_active_date is null or milestones.last_active_date < days.usage_date)
    and days.valid_from_as_of <= milestones.as_of_date
    and milestones.as_of_date < days.valid_to_as_of
  where
    (milestones.last_active_date is null or milestones.last_active_date <= {{ date_add_days('milestones.as_of_date', -20) }})
    and days.is_observed
  group by milestones.as_of_date, milestones.account_id
),

final as (
  select
    milestones.as_of_date,
    milestones.account_id,
    coalesce(unheard.days_without_telemetry, 0) as days_without_telemetry,
    coalesce(unheard.days_of_source_outage, 0) as days_of_source_outage,
    coalesce(inactive.observed_days_inactive, 0) as observed_days_inactive
  from milestones
  left join unheard
    on milestones.as_of_date = unheard.as_of_date
    and milestones.account_id = unheard.account_id
  left join inactive
    on milestones.as_of_date = inactive.as_of_date
    and milestones.account_id = inactive.account_id
)

select * from final
