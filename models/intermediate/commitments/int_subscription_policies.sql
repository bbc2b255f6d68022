-- Which overage policy rates a subscription, when: of those in force, the most specific one (a named subscription before a
-- named plan before a named cloud). `policies` are refused where two are equally specific, so there is one.
with subscriptions as (
  select * from {{ ref('int_subscriptions_at_snapshot') }}
),

policies as (
  select * from {{ ref('stg_policies__overage_policies') }}
),

scopes as (
  select * from {{ ref('stg_policies__overage_scopes') }}
),

matches as (
  select
    subscriptions.snapshot_load_id,
    subscriptions.subscription_id,
    policies.policy_id,
    policies.version as policy_version,
    policies.dimension,
    cast(policies.effective_from as timestamp) as from_hour,
    coalesce(cast(policies.effective_to as timestamp), {{ end_of_time() }}) as to_hour,
    max(case when scopes.scope = 'subscription' and scopes.value <> '*' then 4 else 0 end)
    + max(case when scopes.scope = 'plan' and scopes.value <> '*' then 2 else 0 end)
    + max(case when scopes.scope = 'cloud' and scopes.value <> '*' then 1 else 0 end) as specificity,
    count(distinct scopes.scope) as scopes_met
  from subscriptions
  cross join policies
  inner join scopes
    on policies.policy_id = scopes.policy_id
    and policies.version = scopes.version
    and (
      scopes.value = '*'
      or (scopes.scope = 'subscription' and scopes.value = subscriptions.subscription_id)
      or (scopes.scope = 'plan' and scopes.value = coalesce(subscriptions.plan, 'default'))
      or (scopes.scope = 'cloud' and scopes.value = subscriptions.cloud)
    )
  group by 1, 2, 3, 4, 5, 6, 7
),

candidates as (
  select * from matches
  where scopes_met = 3
),

boundaries as (
  select snapshot_load_id, subscription_id, dimension, from_hour as boundary from candidates
  union distinct
  select snapshot_load_id, subscription_id, dimension, to_hour as boundary from candidates
),

segments as (
  select
    boundaries.*,
    lead(boundary) over (partition by snapshot_load_id, subscription_id, dimension order by boundary) as next_boundary
  from boundaries
),

ranked as (
  select
    segments.snapshot_load_id,
    segments.subscription_id,
    segments.dimension,
    segments.boundary as from_hour,
    segments.next_boundary as to_hour,
    candidates.policy_id,
    candidates.policy_version,
    row_number() over (
      partition by segments.snapshot_load_id, segments.subscription_id, segments.dimension, segments.boundary
      order by candidates.specificity desc, candidates.policy_id
    ) as policy_rank
  from segments
  inner join candidates
    on segments.snapshot_load_id = candidates.snapshot_load_id
    and segments.subscription_id = candidates.subscription_id
    and segments.dimension = candidates.dimension
    and candidates.from_hour <= segments.boundary
    and segments.boundary < candidates.to_hour
  where segments.next_boundary is not null
),

final as (
  select
    snapshot_load_id,
    subscription_id,
    dimension,
    from_hour,
    to_hour,
    policy_id,
    policy_version
  from ranked
  where policy_rank = 1
)

select * from final
