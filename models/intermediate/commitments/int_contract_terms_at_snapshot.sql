-- A contract belongs to the subscription of the same offer and buyer; a Microsoft offer also names its subscription.
with contracts as (
  select * from {{ ref('int_tackle__contracts_at_snapshot') }}
  where contract_status not in ('Pending', 'Unknown')
),

subscriptions as (
  select * from {{ ref('int_tackle__subscriptions_at_snapshot') }}
),

microsoft_subscriptions as (
  select
    offers.snapshot_load_id,
    offers.po_id,
    offers.offer_ref,
    items.subscription_id
  from {{ ref('int_tackle__microsoft_offers_at_snapshot') }} as offers
  inner join {{ ref('int_entitlement_items_at_snapshot') }} as items
    on offers.snapshot_load_id = items.snapshot_load_id
    and offers.subscription_ref = items.cloud_subscription_id
    and items.cloud = 'azure'
),

matches as (
  select
    contracts.snapshot_load_id,
    contracts.contract_id,
    subscriptions.subscription_id
  from contracts
  inner join subscriptions
    on contracts.snapshot_load_id = subscriptions.snapshot_load_id
    and contracts.cloud_marketplace = subscriptions.cloud
    and contracts.offer_id = subscriptions.offer_id
    and (contracts.buyer_id is null or subscriptions.buyer_id is null or contracts.buyer_id = subscriptions.buyer_id)
  union distinct
  select
    contracts.snapshot_load_id,
    contracts.contract_id,
    microsoft_subscriptions.subscription_id
  from contracts
  inner join microsoft_subscriptions
    on contracts.snapshot_load_id = microsoft_subscriptions.snapshot_load_id
    and (
      contracts.tackle_offer_id = microsoft_subscriptions.po_id
      or contracts.offer_id = microsoft_subscriptions.offer_ref
    )
),

-- A public offer may be bought again by the same buyer: the subscription that starts nearest is the contract's.
ranked as (
  select
    contracts.*,
    subscriptions.subscription_id,
    subscriptions.ended_at,
    subscriptions.cancelled_at,
    row_number() over (
      partition by contracts.snapshot_load_id, contracts.contract_id
      order by
        abs({{ timestamp_diff_microseconds('contracts.starts_at', 'coalesce(subscriptions.started_at, subscriptions.created_at)') }}),
        subscriptions.subscription_id
    ) as match_rank
  from contracts
  left join matches
    on contracts.snapshot_load_id = matches.snapshot_load_id
    and contracts.contract_id = matches.contract_id
  left join subscriptions
    on matches.snapshot_load_id = subscriptions.snapshot_load_id
    and matches.subscription_id = subscriptions.subscription_id
),

ends as (
  select
    ranked.*,
    {{ least_known('ranked.ends_at', "case when ranked.contract_status = 'Cancelled' then coalesce(ranked.cancelled_at, ranked.modified_at) else ranked.cancelled_at end") }} as stops_at,
    case when subscription_id is not null then
      lead(starts_at) over (partition by snapshot_load_id, subscription_id order by starts_at, contract_id)
    end as next_starts_at
  from ranked
  where match_rank = 1
),

final as (
  select
    snapshot_load_id,
    contract_id,
    subscription_id,
    cloud_marketplace as cloud,
    buyer_id,
    offer_id,
    tackle_offer_id,
    contract_status,
    case when lower(listing_type) = 'saas' then 'saas' else offer_type end as phase,
    starts_at,
    ends_at as stated_ends_at,
    -- A later contract of the same subscription supersedes this one from its start.
    {{ least_known('stops_at', 'next_starts_at') }} as ends_at
  from ends
)

select * from final
