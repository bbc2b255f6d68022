with source as (
  select * from {{ ref('seed_plan_attributes') }}
),

final as (
  select
    plan,
    phase,
    tier,
    edition,
    version
  from source
)

select * from final
