with source as (
  select * from {{ source('ops', 'builds') }}
),

final as (
  select
    build_id,
    run_id,
    load_id,
    as_of_date,
    tree_size,
    built_at
  from source
)

select * from final
