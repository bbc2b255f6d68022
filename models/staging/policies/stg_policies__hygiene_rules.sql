with source as (
  select * from {{ ref('seed_hygiene_rules') }}
),

final as (
  select
    rule_id,
    record_system,
    record_type,
    severity,
    owner,
    sentence,
    fix,
    version
  from source
)

select * from final
