with source as (
  select * from {{ ref('seed_marketplace_dimensions') }}
),

final as (
  select
    cloud,
    marketplace_name,
    dimension,
    version
  from source
)

select * from final
