with source as (
  select * from {{ source('ops', 'runs') }}
),

final as (
  select
    run_id,
    command,
    status,
    as_of_date
  from source
)

select * from final
