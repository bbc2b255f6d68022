{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The points of each indicator under the churn policy of its as-of date: on a straight line from 0 at points_from to all at
-- points_to; a flag gives all or none; an indicator that the policy does not weigh gives 0 of 0. Points are not rounded: a
-- score is a ratio and may be small.
with indicators as (
  select * from {{ dates_to_build(ref('int_churn_indicators')) }}
),

policies as (
  select * from {{ ref('stg_policies__churn_policies') }}
),

long as (
  {% for indicator in churn_indicators() -%}
  select
    as_of_date,
    account_id,
    '{{ indicator.name }}' as indicator,
    {{ loop.index }} as indicator_order,
    '{{ indicator.window }}' as indicator_window,
    {% if indicator.kind == 'flag' -%}
    cast(case when {{ indicator.name }} then 1 when not {{ indicator.name }} then 0 end as {{ type_double() }}) as raw_value,
    {%- else -%}
    cast({{ indicator.name }} as {{ type_double() }}) as raw_value,
    {%- endif %}
    {{ indicator.name }}_reason as unknown_reason
  from indicators
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

weighed as (
  select
    long.*,
    policies.version as policy_version,
    weights.kind,
    coalesce(weights.max_points, cast(0 as {{ type_decimal() }})) as max_points,
    weights.points_from,
    weights.points_to,
    case
      when long.raw_value is null then null
      when weights.indicator is null then 0
      when weights.kind = 'flag' then long.raw_value
      else least(1, greatest(0, {{ safe_divide(
        '(long.raw_value - cast(weights.points_from as ' ~ type_double() ~ '))',
        '(weights.points_to - weights.points_from)'
      ) }}))
    end as share
  from long
  inner join policies
    on policies.effective_from <= long.as_of_date
    and (policies.effective_to is null or long.as_of_date < policies.effective_to)
  left join {{ ref('stg_policies__churn_weights') }} as weights
    on policies.version = weights.version
    and long.indicator = weights.indicator
),

final as (
  select
    as_of_date,
    account_id,
    indicator,
    cast(indicator_order as {{ type_bigint() }}) as indicator_order,
    indicator_window,
    raw_value,
    unknown_reason,
    policy_version,
    kind,
    points_from,
    points_to,
    share * cast(max_points as {{ type_double() }}) as points,
    max_points
  from weighed
)

select * from final
