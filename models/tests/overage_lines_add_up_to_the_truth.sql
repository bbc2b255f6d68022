-- All lines of a service period, those frozen by closes and the adjustments after them, add up to what stands now.
{% set summed = ['measured', 'included', 'burst', 'above', 'amount', 'hours_expected', 'hours_unmetered'] -%}
with posted as (
  select
    coalesce(corrects_line_id, line_id) as line_id,
    {% for column in summed -%}
    sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from {{ ref('fct_overage') }}
  group by 1
),

truth as (
  select * from {{ ref('int_overage_lines') }}
)

select
  coalesce(posted.line_id, truth.line_id) as line_id,
  posted.amount,
  truth.amount as true_amount
from posted
full join truth on posted.line_id = truth.line_id
where
  (truth.line_id is not null and posted.line_id is null)
  {% for column in summed -%}
  or coalesce(posted.{{ column }}, 0) <> coalesce(truth.{{ column }}, 0)
  {% endfor %}
