-- A month can be told of an account that was observed on as large a share of its expected days as the coverage floor asks of
-- 28, and of one of which nothing is expected any more: it left, and uses nothing.
with newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

use_months as (
  select
    account_id,
    feature,
    {{ month_start('usage_date') }} as use_month
  from {{ ref('fct_feature_usage_daily') }}
  group by 1, 2, 3
),

cohorts as (
  select
    account_id,
    feature,
    min(use_month) as month
  from use_months
  group by account_id, feature
),

account_days as (
  select
    account_id,
    usage_date,
    max(hours_observed_active + hours_observed_zero) >= {{ var('coverage_hours') }} as is_observed
  from {{ ref('fct_telemetry_coverage') }}
  where account_id is not null and hours_expected > 0
  group by account_id, usage_date
),

account_months as (
  select
    account_id,
    {{ month_start('usage_date') }} as use_month,
    count(*) as days_expected,
    count(case when is_observed then 1 end) as days_observed
  from account_days
  group by 1, 2
),

bounds as (
  select
    min(cohorts.month) as first_month,
    max(newest.as_of_date) as as_of_date
  from cohorts
  cross join newest
),

cell_months as (
  select distinct
    {{ month_start('cast(day as date)') }} as use_month,
    bounds.as_of_date
  from bounds, {{ date_spine('bounds.first_month', 'bounds.as_of_date', 'day') }}
),

-- From the month of the first use to the month of the newest as-of date, which is open unless that is its last day.
cells as (
  select
    cohorts.account_id,
    cohorts.feature,
    cohorts.month,
    cell_months.use_month,
    cell_months.as_of_date,
    {{ date_add_months('cell_months.use_month', 1) }} > {{ date_add_days('cell_months.as_of_date', 1) }} as is_right_censored
  from cohorts
  inner join cell_months on cohorts.month <= cell_months.use_month
),

told as (
  select
    cells.*,
    use_months.account_id is not null as is_active,
    account_months.account_id is null
    or 28 * account_months.days_observed >= {{ var('coverage_days') }} * account_months.days_expected as is_observable
  from cells
  left join use_months
    on cells.account_id = use_months.account_id
    and cells.feature = use_months.feature
    and cells.use_month = use_months.use_month
  left join account_months
    on cells.account_id = account_months.account_id
    and cells.use_month = account_months.use_month
),

added as (
  select
    as_of_date,
    feature,
    month,
    use_month,
    is_right_censored,
    count(*) as accounts,
    count(case when is_observable then 1 end) as observable_accounts,
    count(case when is_observable and is_active then 1 end) as active_accounts
  from told
  group by as_of_date, feature, month, use_month, is_right_censored
),

final as (
  select
    as_of_date,
    feature,
    month,
    {{ months_between('month', 'use_month') }} as months_since,
    use_month,
    accounts,
    case when not is_right_censored then observable_accounts end as observable_accounts,
    case when not is_right_censored then active_accounts end as active_accounts,
    case when not is_right_censored then {{ safe_divide('active_accounts', 'observable_accounts') }} end as retention,
    case
      when is_right_censored then 'right_censored'
      when observable_accounts = 0 then 'insufficient_telemetry'
    end as retention_reason
  from added
)

select * from final
