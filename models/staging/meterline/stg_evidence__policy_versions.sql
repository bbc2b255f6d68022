with source as (
  select * from {{ source('evidence', 'policy_versions') }}
),

final as (
  select
    kind,
    policy_id,
    version,
    sha256,
    content,
    prepared_by,
    approved_by,
    run_id,
    first_seen_at
  from source
)

select * from final
