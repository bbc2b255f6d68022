{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

with indicators as (
  select * from {{ dates_to_build(ref('int_churn_indicators')) }}
),

-- Floats added in a fixed order, so that every run gives the same sum.
scores as (
  select
    as_of_date,
    account_id,
    policy_version,
    {% for indicator in churn_indicators() -%}
    coalesce(max(case when indicator = '{{ indicator.name }}' then points end), 0) {{ '+' if not loop.last else 'as points,' }}
    {% endfor -%}
    sum(case when points is not null then max_points end) as known_points,
    sum(max_points) as all_points
  from {{ dates_to_build(ref('int_churn_points')) }}
  group by as_of_date, account_id, policy_version
),

dimension_map as (
  select max(version) as version from {{ ref('stg_policies__dimension_map') }}
),

features as (
  select max(version) as version from {{ ref('stg_policies__entitled_features') }}
),

scored as (
  select
    scores.as_of_date,
    scores.account_id,
    scores.policy_version,
    {{ safe_divide('(100 * scores.points)', 'scores.known_points') }} as score,
    {{ safe_divide('coalesce(scores.known_points, 0)', 'scores.all_points') }} as score_coverage,
    policies.watch_from,
    policies.high_from,
    policies.min_coverage
  from scores
  inner join {{ ref('stg_policies__churn_policies') }} as policies on scores.policy_version = policies.version
),

final as (
  select
    indicators.as_of_date,
    indicators.account_id,
    {% for indicator in churn_indicators() -%}
    {% if indicator.kind == 'days' -%}
    cast(indicators.{{ indicator.name }} as {{ type_bigint() }}) as {{ indicator.name }},
    {%- else -%}
    indicators.{{ indicator.name }},
    {%- endif %}
    indicators.{{ indicator.name }}_reason,
    {% endfor -%}
    scored.score,
    scored.score_coverage,
    case
      when scored.score is null or scored.score_coverage < cast(scored.min_coverage as {{ type_double() }}) then null
      when scored.score >= cast(scored.high_from as {{ type_double() }}) then 'high'
      when scored.score >= cast(scored.watch_from as {{ type_double() }}) then 'watch'
      else 'low'
    end as band,
    scored.policy_version,
    dimension_map.version as dimension_map_version,
    features.version as features_version,
    indicators.crm_known_as_of,
    indicators.observed_days_28d,
    indicators.observed_days_prior_28d,
    indicators.held_tib,
    indicators.held_tib_28d,
    indicators.committed_tib_28d,
    indicators.features_active_28d,
    indicators.features_entitled,
    indicators.cases_90d,
    indicators.last_active_date,
    indicators.last_heard_date,
    indicators.next_renewal_date,
    indicators.entitled_since,
    indicators.has_contract_in_force
  from indicators
  cross join dimension_map
  cross join features
  left join scored
    on indicators.as_of_date = scored.as_of_date
    and indicators.account_id = scored.account_id
)

select * from final
