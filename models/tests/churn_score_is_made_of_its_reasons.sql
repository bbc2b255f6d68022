-- The score follows from the points of the reasons, and every account has one reason per indicator.
with reasons as (
  select
    as_of_date,
    account_id,
    sum(points) as points,
    sum(case when points is not null then max_points end) as known_points,
    sum(max_points) as all_points,
    count(*) as indicators
  from {{ ref('fct_churn_reasons') }}
  group by as_of_date, account_id
)

select
  indicators.as_of_date,
  indicators.account_id,
  indicators.score,
  indicators.score_coverage
from {{ ref('fct_churn_indicators') }} as indicators
left join reasons
  on indicators.as_of_date = reasons.as_of_date
  and indicators.account_id = reasons.account_id
where
  indicators.policy_version is not null
  and (
    reasons.account_id is null
    or reasons.indicators <> {{ churn_indicators() | length }}
    or abs(indicators.score_coverage - {{ safe_divide('coalesce(reasons.known_points, 0)', 'reasons.all_points') }}) > 1e-9
    or (indicators.score is null) <> (coalesce(reasons.known_points, 0) = 0)
    or abs(indicators.score - {{ safe_divide('(100 * reasons.points)', 'reasons.known_points') }}) > 1e-9
  )
