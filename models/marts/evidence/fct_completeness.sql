with cells as (
  select * from {{ ref('fct_completeness_grid') }}
),

final as (
  select
    period as month,
    dimension,
    decision,
    count(*) as cells,
    count(distinct subscription_id) as subscriptions,
    count(case when is_estimated then 1 end) as cells_estimated,
    count(case when is_partly_metered then 1 end) as cells_partly_metered,
    cast(sum(readings) as {{ type_bigint() }}) as readings,
    cast(sum(quantity) as {{ type_decimal() }}) as quantity
  from cells
  group by period, dimension, decision
)

select * from final
