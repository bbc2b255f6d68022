{{ config(materialized='table') }}
-- What each subscription commits to, hour by hour, as disjoint stretches: of the sources that say something of an hour, the
-- first counts (policy binding, Microsoft offer, AWS entitlement, Azure entitlement), and of several offers the one that
-- started last.
with subscriptions as (
  select * from {{ ref('int_subscriptions_at_snapshot') }}
),

items as (
  select * from {{ ref('int_entitlement_items_at_snapshot') }}
),

entitled as (
  select
    terms.snapshot_load_id,
    terms.subscription_id,
    terms.cloud,
    terms.dimension_name,
    terms.quantity,
    terms.subscription_id || '/' || cast(terms.item_position as {{ type_text() }}) as source_id,
    greatest(terms.from_hour, subscriptions.from_hour) as from_hour,
    least(terms.to_hour, subscriptions.to_hour) as to_hour
  from {{ ref('int_entitlement_terms_at_snapshot') }} as terms
  inner join subscriptions
    on terms.snapshot_load_id = subscriptions.snapshot_load_id
    and terms.subscription_id = subscriptions.subscription_id
),

marketplace_names as (
  select * from {{ ref('stg_policies__marketplace_dimensions') }}
),

held_capacity as (
  select dimension from {{ ref('stg_policies__dimension_map') }}
  where role = 'held_capacity'
),

bindings as (
  select
    policies.snapshot_load_id,
    policies.subscription_id,
    policies.dimension,
    greatest(policies.from_hour, subscriptions.from_hour) as from_hour,
    least(policies.to_hour, subscriptions.to_hour) as to_hour,
    1 as priority,
    'policy_binding' as commitment_source,
    policies.policy_id || '@' || policies.policy_version as source_id,
    commitments.quantity,
    false as is_unlimited
  from {{ ref('int_subscription_policies') }} as policies
  inner join {{ ref('stg_policies__overage_commitments') }} as commitments
    on policies.policy_id = commitments.policy_id
    and policies.policy_version = commitments.version
    and policies.subscription_id = commitments.subscription_id
  inner join subscriptions
    on policies.snapshot_load_id = subscriptions.snapshot_load_id
    and policies.subscription_id = subscriptions.subscription_id
),

dimensions as (
  select
    dimension,
    dimension as marketplace_name
  from {{ ref('stg_polaris__dimensions') }}
  union distinct
  select
    dimension,
    marketplace_name
  from marketplace_names
  where cloud = 'azure'
),

-- A Microsoft offer belongs to the subscription that bought it, or whose Azure id it names (an amendment).
microsoft_subscriptions as (
  select
    offers.snapshot_load_id,
    offers.po_id,
    subscriptions.subscription_id
  from {{ ref('int_tackle__microsoft_offers_at_snapshot') }} as offers
  inner join subscriptions
    on offers.snapshot_load_id = subscriptions.snapshot_load_id
    and offers.offer_ref = subscriptions.offer_id
    and subscriptions.cloud = 'azure'
  union distinct
  select
    offers.snapshot_load_id,
    offers.po_id,
    items.subscription_id
  from {{ ref('int_tackle__microsoft_offers_at_snapshot') }} as offers
  inner join items
    on offers.snapshot_load_id = items.snapshot_load_id
    and offers.subscription_ref = items.cloud_subscription_id
    and items.cloud = 'azure'
),

microsoft_terms as (
  select
    offers.snapshot_load_id,
    offers.po_id,
    offers.pricing,
    links.subscription_id,
    coalesce(contracts.starts_at, offers.starts_at) as starts_at,
    coalesce(contracts.ends_at, offers.ends_at) as ends_at
  from {{ ref('int_tackle__microsoft_offers_at_snapshot') }} as offers
  inner join microsoft_subscriptions as links
    on offers.snapshot_load_id = links.snapshot_load_id
    and offers.po_id = links.po_id
  left join {{ ref('int_contract_terms_at_snapshot') }} as contracts
    on offers.snapshot_load_id = contracts.snapshot_load_id
    and offers.po_id = contracts.tackle_offer_id
    and links.subscription_id = contracts.subscription_id
  where
    contracts.contract_id is not null
    or offers.state in ('accepted', 'subscribed', 'pending_cancellation', 'pending_cancellation_withdrawn')
),

included_quantities as (
  select
    terms.snapshot_load_id,
    terms.po_id,
    terms.subscription_id,
    terms.starts_at,
    terms.ends_at,
    dimensions.dimension,
    {{ json_text('entry_item', '$.quantity') }} as quantity,
    lower({{ json_text('entry_item', '$.unlimited_quantity') }}) = 'true' as is_unlimited,
    row_number() over (
      partition by terms.snapshot_load_id, terms.po_id, terms.subscription_id, terms.starts_at, dimensions.dimension
      order by
        case when lower({{ json_text('entry_item', '$.dimension_term') }}) like 'month%' then 0 else 1 end,
        {{ element_position('entry') }}
    ) as entry_rank
  from (
    select
      microsoft_terms.*,
      {{ json_priced_dimensions('microsoft_terms.pricing') }} as priced_dimensions
    from microsoft_terms
  ) as terms
  cross join dimensions, {{ numbered_elements(json_elements(json_field('terms.priced_dimensions', 'dimensions.marketplace_name'), '$.included_quantities'), 'entry') }}
),

microsoft as (
  select
    quantities.snapshot_load_id,
    quantities.subscription_id,
    quantities.dimension,
    {{ hour_ceil('coalesce(quantities.starts_at, ' ~ beginning_of_time() ~ ')') }} as offer_from_hour,
    {{ hour_ceil('coalesce(quantities.ends_at, ' ~ end_of_time() ~ ')') }} as offer_to_hour,
    subscriptions.from_hour as term_from_hour,
    subscriptions.to_hour as term_to_hour,
    quantities.po_id,
    quantities.quantity,
    coalesce(quantities.is_unlimited, false) as is_unlimited
  from included_quantities as quantities
  inner join subscriptions
    on quantities.snapshot_load_id = subscriptions.snapshot_load_id
    and quantities.subscription_id = subscriptions.subscription_id
  where quantities.entry_rank = 1
),

aws as (
  select
    entitled.snapshot_load_id,
    entitled.subscription_id,
    coalesce(names.dimension, entitled.dimension_name) as dimension,
    entitled.from_hour,
    entitled.to_hour,
    entitled.source_id,
    entitled.quantity
  from entitled
  left join marketplace_names as names
    on entitled.cloud = names.cloud
    and entitled.dimension_name = names.marketplace_name
  where entitled.cloud = 'aws' and entitled.dimension_name is not null
),

azure as (
  select
    entitled.snapshot_load_id,
    entitled.subscription_id,
    held_capacity.dimension,
    entitled.from_hour,
    entitled.to_hour,
    entitled.source_id,
    entitled.quantity
  from entitled
  cross join held_capacity
  where entitled.cloud = 'azure'
),

candidates as (
  select * from bindings
  union all
  select
    snapshot_load_id,
    subscription_id,
    dimension,
    greatest(offer_from_hour, term_from_hour),
    least(offer_to_hour, term_to_hour),
    2,
    'microsoft_offer',
    po_id,
    {{ text_to_decimal('quantity') }},
    is_unlimited
  from microsoft
  union all
  select snapshot_load_id, subscription_id, dimension, from_hour, to_hour, 3, 'aws_entitlement', source_id, quantity, false
  from aws
  union all
  select snapshot_load_id, subscription_id, dimension, from_hour, to_hour, 4, 'azure_entitlement', source_id, quantity, false
  from azure
),

stated as (
  select * from candidates
  where from_hour < to_hour and (quantity is not null or is_unlimited)
),

boundaries as (
  select snapshot_load_id, subscription_id, dimension, from_hour as boundary from stated
  union distinct
  select snapshot_load_id, subscription_id, dimension, to_hour as boundary from stated
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
    stated.commitment_source,
    stated.source_id,
    stated.quantity,
    stated.is_unlimited,
    row_number() over (
      partition by segments.snapshot_load_id, segments.subscription_id, segments.dimension, segments.boundary
      order by stated.priority, stated.from_hour desc, stated.source_id desc
    ) as source_rank
  from segments
  inner join stated
    on segments.snapshot_load_id = stated.snapshot_load_id
    and segments.subscription_id = stated.subscription_id
    and segments.dimension = stated.dimension
    and stated.from_hour <= segments.boundary
    and segments.boundary < stated.to_hour
  where segments.next_boundary is not null
),

final as (
  select
    snapshot_load_id,
    subscription_id,
    dimension,
    from_hour,
    to_hour,
    case when is_unlimited then null else quantity end as quantity,
    is_unlimited,
    commitment_source,
    source_id
  from ranked
  where source_rank = 1
)

select * from final
