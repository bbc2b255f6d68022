with source as (
  select * from {{ ref('seed_churn_weights') }}
),

final as (
  select
    version,
    indicator,
    kind,
    cast(max_points as {{ type_decimal() }}) as max_points,
    cast(points_from as {{ type_decimal() }}) as points_from,
    cast(points_to as {{ type_decimal() }}) as points_to
  from source
)

select * from final
