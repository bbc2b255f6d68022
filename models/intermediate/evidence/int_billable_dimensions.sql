-- What can be charged: by Polaris's catalogue, and whatever an overage policy rates, catalogued or not.
with catalogue as (
  {{ current_state(ref('stg_polaris__dimensions'), 'polaris') }}
),

rated as (
  select
    dimension,
    min(unit) as unit
  from {{ ref('stg_policies__overage_policies') }}
  group by dimension
),

final as (
  select
    coalesce(catalogue.dimension, rated.dimension) as dimension,
    coalesce(catalogue.unit, rated.unit) as unit,
    coalesce(catalogue.billable, false) as is_billable_in_catalogue,
    rated.dimension is not null as is_rated
  from catalogue
  full join rated on catalogue.dimension = rated.dimension
  where coalesce(catalogue.billable, false) or rated.dimension is not null
)

select * from final
