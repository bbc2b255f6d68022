with source as (
  select * from {{ ref('seed_dimension_map') }}
),

final as (
  select
    role,
    dimension,
    version
  from source
)

select * from final
