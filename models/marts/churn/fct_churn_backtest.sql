-- Counts are whole numbers and each figure one division of them, so that no order of rows matters. A higher risk is a higher
-- score, fewer days to the renewal, a larger decline.
{% set risks = {
  'score': 'score',
  'days_to_renewal': '-days_to_renewal',
  'usage_change_28d': '-usage_change_28d',
} -%}
{% set known = 'score is not null and days_to_renewal is not null and usage_change_28d is not null' -%}
with newest as (
  select
    dates.as_of_date,
    policies.version as policy_version,
    policies.backtest_lead_days as lead_days,
    policies.backtest_min_events as min_events
  from {{ ref('int_as_of_dates') }} as dates
  inner join {{ ref('stg_policies__churn_policies') }} as policies
    on policies.effective_from <= dates.as_of_date
    and (policies.effective_to is null or dates.as_of_date < policies.effective_to)
  where dates.is_newest
),

events as (
  select
    events.*,
    {{ known }} as is_common
  from {{ ref('int_churn_events') }} as events
),

long as (
  {% for model, risk in risks.items() -%}
  {% for sample in ['known', 'common'] -%}
  select
    '{{ model }}' as model,
    '{{ sample }}' as sample,
    cast({{ risk }} as {{ type_double() }}) as risk,
    coalesce(band, 'none') as band,
    score,
    is_churned,
    coalesce(crm_known_as_of, false) as crm_known_as_of
  from events
  where {{ risk }} is not null{{ ' and is_common' if sample == 'common' }}
  {{ 'union all' if not loop.last }}
  {% endfor -%}
  {{ 'union all' if not loop.last }}
  {% endfor -%}
),

models as (
  {% for model in risks -%}
  {% for sample in ['known', 'common'] -%}
  select '{{ model }}' as model, '{{ sample }}' as sample
  {{ 'union all' if not loop.last }}
  {% endfor -%}
  {{ 'union all' if not loop.last }}
  {% endfor -%}
),

bands as (
  {% for band in ['all', 'low', 'watch', 'high', 'none'] -%}
  select '{{ band }}' as band
  {{ 'union all' if not loop.last }}
  {% endfor -%}
),

all_events as (
  select count(*) as events from events
),

-- One row per figure of a band; only the score has bands of its own.
counts as (
  select
    models.model,
    models.sample,
    bands.band,
    count(long.model) as events,
    count(case when long.is_churned then 1 end) as churned_events,
    count(case when not long.crm_known_as_of then 1 end) as backfilled_events,
    sum(cast(long.score as {{ type_decimal() }})) as score_sum,
    count(long.score) as scored_events
  from models
  cross join bands
  left join long
    on models.model = long.model
    and models.sample = long.sample
    and bands.band in ('all', long.band)
  where bands.band = 'all' or models.model = 'score'
  group by models.model, models.sample, bands.band
),

-- Events of equal risk are one group: a tie counts one half, and shares the places that it reaches into.
ties as (
  select
    model,
    sample,
    risk,
    count(*) as events,
    count(case when is_churned then 1 end) as churned_events
  from long
  group by model, sample, risk
),

ranked as (
  select
    ties.*,
    sum(events) over (partition by model, sample order by risk rows between unbounded preceding and current row) as events_up_to,
    sum(events - churned_events) over (partition by model, sample order by risk rows between unbounded preceding and current row) as kept_up_to
  from ties
),

placed as (
  select
    ranked.*,
    {{ integer_divide('counts.events + 9', 10) }} as top_events,
    greatest(0, least(ranked.events, {{ integer_divide('counts.events + 9', 10) }} - (counts.events - ranked.events_up_to))) as taken
  from ranked
  inner join counts
    on ranked.model = counts.model
    and ranked.sample = counts.sample
    and counts.band = 'all'
),

curves as (
  select
    model,
    sample,
    sum(churned_events * (2 * kept_up_to - (events - churned_events))) as doubled_wins,
    max(top_events) as top_events,
    sum(case when taken = events then churned_events else 0 end) as top_churned_whole,
    max(case when taken > 0 and taken < events then taken else 0 end) as tie_taken,
    max(case when taken > 0 and taken < events then events else 1 end) as tie_events,
    max(case when taken > 0 and taken < events then churned_events else 0 end) as tie_churned
  from placed
  group by model, sample
),

figures as (
  select
    counts.*,
    counts.events - counts.churned_events as kept_events,
    {{ decimal_div('counts.score_sum', 'counts.scored_events') }} as mean_score,
    curves.top_events,
    {{ safe_divide('curves.doubled_wins', '(2 * counts.churned_events * (counts.events - counts.churned_events))') }} as auc,
    {{ safe_divide('(curves.top_churned_whole * curves.tie_events + curves.tie_taken * curves.tie_churned)', '(curves.tie_events * curves.top_events)') }} as top_rate,
    {{ safe_divide(
      '((curves.top_churned_whole * curves.tie_events + curves.tie_taken * curves.tie_churned) * counts.events)',
      '(curves.tie_events * curves.top_events * counts.churned_events)'
    ) }} as top_decile_lift,
    {{ safe_divide('counts.churned_events', 'counts.events') }} as churn_rate
  from counts
  left join curves
    on counts.model = curves.model
    and counts.sample = curves.sample
    and counts.band = 'all'
),

measures as (
  select
    figures.*,
    'auc' as metric,
    auc as value,
    {{ hanley_mcneil_bound('auc', 'churned_events', 'kept_events', '-') }} as ci_low,
    {{ hanley_mcneil_bound('auc', 'churned_events', 'kept_events', '+') }} as ci_high,
    'hanley_mcneil' as interval_method
  from figures
  where band = 'all'
  union all
  select
    figures.*,
    'top_decile_lift' as metric,
    top_decile_lift as value,
    {{ wilson_bound('top_rate', 'top_events', '-') }} / nullif(churn_rate, 0) as ci_low,
    {{ wilson_bound('top_rate', 'top_events', '+') }} / nullif(churn_rate, 0) as ci_high,
    'wilson' as interval_method
  from figures
  where band = 'all'
  union all
  select
    figures.*,
    'churn_rate' as metric,
    churn_rate as value,
    {{ wilson_bound('churn_rate', 'events', '-') }} as ci_low,
    {{ wilson_bound('churn_rate', 'events', '+') }} as ci_high,
    'wilson' as interval_method
  from figures
),

judged as (
  select
    measures.*,
    newest.as_of_date,
    newest.policy_version,
    newest.lead_days,
    newest.min_events,
    all_events.events - measures.events as left_out_events,
    case
      when measures.band = 'all' then least(measures.churned_events, measures.kept_events) < newest.min_events
      else measures.events < newest.min_events
    end as is_few_events
  from measures
  cross join newest
  cross join all_events
),

final as (
  select
    as_of_date,
    policy_version,
    lead_days,
    model,
    sample,
    metric,
    band,
    value,
    ci_low,
    ci_high,
    interval_method,
    events,
    churned_events,
    case when band = 'all' then left_out_events end as left_out_events,
    backfilled_events,
    case when model = 'score' then mean_score end as mean_score,
    case when value is null then case when events = 0 then 'no_events' else 'one_outcome_only' end end as value_reason,
    is_few_events,
    case
      when events = 0 then 'No event whose outcome is known, yet.'
      when is_few_events and band = 'all' then 'Few events: ' || cast(churned_events as {{ type_text() }}) || ' of ' || cast(events as {{ type_text() }})
        || ' churned; at least ' || cast(min_events as {{ type_text() }}) || ' of either outcome are wanted.'
      when is_few_events then 'Few events: ' || cast(events as {{ type_text() }}) || ' in this band; at least ' || cast(min_events as {{ type_text() }}) || ' are wanted.'
    end as note
  from judged
)

select * from final
