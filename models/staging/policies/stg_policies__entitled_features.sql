with source as (
  select * from {{ ref('seed_entitled_features') }}
),

final as (
  select
    plan,
    feature,
    version
  from source
)

select * from final
