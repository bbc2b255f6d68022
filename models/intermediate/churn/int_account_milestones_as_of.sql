{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The first and last days of an account that matter, as known at each as-of date. A day stops to matter for "the last day"
-- as soon as a later one is known for good, and for "the first" once an earlier one is: so each date meets one or two rows,
-- however long the history.
with dates as (
  select as_of_date from {{ dates_to_build(ref('int_as_of_dates')) }}
),

days as (
  select
    *,
    valid_to_as_of >= {{ open_as_of() }} as is_open
  from {{ ref('int_account_day_versions') }}
),

{% set milestones = {
  'first_expected': ['hours_expected > 0', 'first'],
  'first_observed': ['is_observed', 'first'],
  'last_active': ['is_active', 'last'],
  'last_heard': ['hours_observed > 0', 'last'],
} -%}
{% for name, rule in milestones.items() -%}
{{ name }}_days as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    least(
      valid_to_as_of,
      coalesce(
        min(case when is_open then valid_from_as_of end) over (
          partition by account_id
          order by usage_date, valid_from_as_of
          rows between {{ 'unbounded preceding and 1 preceding' if rule[1] == 'first' else '1 following and unbounded following' }}
        ),
        valid_to_as_of
      )
    ) as matters_to_as_of
  from days
  where {{ rule[0] }}
),

{{ name }} as (
  select
    dates.as_of_date,
    days.account_id,
    {{ 'min' if rule[1] == 'first' else 'max' }}(days.usage_date) as usage_date
  from dates
  inner join {{ name }}_days as days
    on days.valid_from_as_of <= dates.as_of_date
    and dates.as_of_date < days.matters_to_as_of
  where days.valid_from_as_of < days.matters_to_as_of
  group by dates.as_of_date, days.account_id
),

{% endfor -%}
final as (
  select
    first_expected.as_of_date,
    first_expected.account_id,
    first_expected.usage_date as first_expected_date
    {%- for name in milestones if name != 'first_expected' %},
    {{ name }}.usage_date as {{ name }}_date
    {%- endfor %}
  from first_expected
  {% for name in milestones if name != 'first_expected' -%}
  left join {{ name }}
    on first_expected.as_of_date = {{ name }}.as_of_date
    and first_expected.account_id = {{ name }}.account_id
  {% endfor %}
)

select * from final
