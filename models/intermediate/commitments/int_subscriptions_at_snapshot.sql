-- Subscriptions as Tackle knows them at each snapshot, and those that only the meter names (without Tackle: all of them).
with snapshots as (
  select distinct coalesce(tackle_load_id, 0) as snapshot_load_id from {{ ref('int_as_of_dates') }}
),

metered as (
  select
    subscription_id,
    min(cloud) as cloud
  from {{ ref('int_cluster_subscription_firsts') }}
  where subscription_id is not null
  group by subscription_id
),

contract_ends as (
  select
    snapshot_load_id,
    subscription_id,
    max(ends_at) as ends_at,
    count(*) = count(ends_at) as all_end,
    min(phase) as phase
  from {{ ref('int_contract_terms_at_snapshot') }}
  where subscription_id is not null
  group by snapshot_load_id, subscription_id
),

items as (
  select
    snapshot_load_id,
    subscription_id,
    min(plan) as plan
  from {{ ref('int_entitlement_items_at_snapshot') }}
  group by snapshot_load_id, subscription_id
),

aws_plans as (
  select
    offers.snapshot_load_id,
    offers.offer_id,
    min({{ json_text('entry_item', '$.api_name') }}) as plan
  from {{ ref('int_tackle__aws_offers_at_snapshot') }} as offers, {{ numbered_elements(json_elements('offers.pricing', '$.dimensions'), 'entry') }}
  group by offers.snapshot_load_id, offers.offer_id
),

known as (
  select
    subscriptions.snapshot_load_id,
    subscriptions.subscription_id,
    subscriptions.cloud,
    subscriptions.buyer_id,
    subscriptions.product_id,
    subscriptions.offer_id,
    case when subscriptions.cloud = 'aws' then aws_plans.plan else items.plan end as plan,
    contract_ends.phase as contract_phase,
    coalesce(subscriptions.started_at, subscriptions.created_at) as starts_at,
    {{ least_known(
      least_known('subscriptions.ended_at', 'subscriptions.cancelled_at'),
      'case when contract_ends.all_end then contract_ends.ends_at end'
    ) }} as ends_at,
    true as is_in_tackle
  from {{ ref('int_tackle__subscriptions_at_snapshot') }} as subscriptions
  left join contract_ends
    on subscriptions.snapshot_load_id = contract_ends.snapshot_load_id
    and subscriptions.subscription_id = contract_ends.subscription_id
  left join items
    on subscriptions.snapshot_load_id = items.snapshot_load_id
    and subscriptions.subscription_id = items.subscription_id
  left join aws_plans
    on subscriptions.snapshot_load_id = aws_plans.snapshot_load_id
    and subscriptions.offer_id = aws_plans.offer_id
),

unknown as (
  select
    snapshots.snapshot_load_id,
    metered.subscription_id,
    metered.cloud
  from snapshots
  cross join metered
  left join known
    on snapshots.snapshot_load_id = known.snapshot_load_id
    and metered.subscription_id = known.subscription_id
  where known.subscription_id is null
),

together as (
  select * from known
  union all
  select
    snapshot_load_id,
    subscription_id,
    cloud,
    cast(null as {{ type_text() }}) as buyer_id,
    cast(null as {{ type_text() }}) as product_id,
    cast(null as {{ type_text() }}) as offer_id,
    cast(null as {{ type_text() }}) as plan,
    cast(null as {{ type_text() }}) as contract_phase,
    cast(null as timestamp) as starts_at,
    cast(null as timestamp) as ends_at,
    false as is_in_tackle
  from unknown
),

final as (
  select
    together.snapshot_load_id,
    together.subscription_id,
    together.cloud,
    together.buyer_id,
    together.product_id,
    together.offer_id,
    together.plan,
    case when attributes.plan is null then 'default' else together.plan end as rated_plan,
    coalesce(attributes.phase, together.contract_phase) as phase,
    attributes.tier,
    attributes.edition,
    together.starts_at,
    together.ends_at,
    -- In force in the hours with start <= hour < end; open ends lie outside every period.
    {{ hour_ceil('coalesce(together.starts_at, ' ~ beginning_of_time() ~ ')') }} as from_hour,
    {{ hour_ceil('coalesce(together.ends_at, ' ~ end_of_time() ~ ')') }} as to_hour,
    together.is_in_tackle
  from together
  left join {{ ref('stg_policies__plan_attributes') }} as attributes
    on together.plan = attributes.plan
)

select * from final
