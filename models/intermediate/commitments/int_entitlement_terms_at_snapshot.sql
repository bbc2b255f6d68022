-- What a subscription is entitled to, when: each state of its record up to the snapshot, until the next one says otherwise. A
-- state begins with the contract that began since the record last said something else, or else when the record changed; the
-- first one known holds from the beginning.
with versions as (
  select
    subscription_id,
    load_id,
    entitlements,
    coalesce(updated_at, received_at) as stated_at,
    lag(coalesce(updated_at, received_at)) over (partition by subscription_id order by load_id) as before_stated_at,
    lag(entitlements) over (partition by subscription_id order by load_id) as before_entitlements,
    lag(load_id) over (partition by subscription_id order by load_id) as before_load_id
  from {{ ref('stg_tackle__subscriptions') }}
  where not is_vanished
),

states as (
  select * from versions
  where before_load_id is null or entitlements is distinct from before_entitlements
),

snapshots as (
  select distinct tackle_load_id as snapshot_load_id from {{ ref('int_as_of_dates') }}
),

begun as (
  select
    snapshots.snapshot_load_id,
    states.subscription_id,
    states.load_id,
    case
      when states.before_load_id is null then {{ beginning_of_time() }}
      else {{ hour_ceil('coalesce(max(contracts.starts_at), states.stated_at)') }}
    end as from_hour
  from states
  inner join snapshots on states.load_id <= snapshots.snapshot_load_id
  left join {{ ref('int_contract_terms_at_snapshot') }} as contracts
    on snapshots.snapshot_load_id = contracts.snapshot_load_id
    and states.subscription_id = contracts.subscription_id
    and states.before_stated_at < contracts.starts_at
    and contracts.starts_at <= states.stated_at
  group by snapshots.snapshot_load_id, states.subscription_id, states.load_id, states.before_load_id, states.stated_at
),

spans as (
  select
    begun.*,
    coalesce(
      lead(from_hour) over (partition by snapshot_load_id, subscription_id order by load_id), {{ end_of_time() }}
    ) as to_hour
  from begun
),

final as (
  select
    spans.snapshot_load_id,
    spans.subscription_id,
    items.cloud,
    items.item_position,
    items.dimension_name,
    items.quantity,
    spans.from_hour,
    least(spans.to_hour, {{ hour_ceil('coalesce(items.expires_at, ' ~ end_of_time() ~ ')') }}) as to_hour
  from spans
  inner join {{ ref('int_entitlement_items') }} as items
    on spans.subscription_id = items.subscription_id
    and spans.load_id = items.load_id
  where spans.from_hour < spans.to_hour
)

select * from final
where from_hour < to_hour
