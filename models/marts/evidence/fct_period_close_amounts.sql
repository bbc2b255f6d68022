-- What a month books, by currency: its own lines, and adjustments of earlier months that are posted in it.
with months as (
  select
    month,
    status
  from {{ ref('fct_period_close') }}
),

{% set types = ['usage', 'drawdown', 'true_up', 'adjustment'] -%}
final as (
  select
    months.month,
    overage.currency,
    months.status,
    count(*) as lines,
    {% for line_type in types -%}
    cast(coalesce(sum(case when overage.line_type = '{{ line_type }}' then overage.amount end), 0) as {{ type_decimal() }}) as {{ line_type }}_amount,
    {% endfor -%}
    cast(coalesce(sum(overage.amount), 0) as {{ type_decimal() }}) as amount
  from {{ ref('fct_overage') }} as overage
  inner join months on overage.close_month = months.month
  group by months.month, overage.currency, months.status
)

select * from final
