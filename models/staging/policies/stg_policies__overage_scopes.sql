with source as (
  select * from {{ ref('seed_overage_scopes') }}
),

final as (
  select
    policy_id,
    version,
    scope,
    value
  from source
)

select * from final
