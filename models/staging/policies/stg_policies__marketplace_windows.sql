with source as (
  select * from {{ ref('seed_marketplace_windows') }}
),

final as (
  select
    cloud,
    cast(window_hours as {{ type_bigint() }}) as window_hours,
    version
  from source
)

select * from final
