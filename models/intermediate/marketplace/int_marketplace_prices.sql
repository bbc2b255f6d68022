-- What a marketplace charges for one of its units, as the private offer of the subscription states it. Other offers state
-- no price that Tackle shows.
with newest as (
  select tackle_load_id from {{ ref('int_as_of_dates') }}
  where is_newest
),

subscriptions as (
  select subscriptions.*
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
),

items as (
  select items.*
  from {{ ref('int_entitlement_items_at_snapshot') }} as items
  inner join newest on items.snapshot_load_id = newest.tackle_load_id
),

dimensions as (
  select
    dimension,
    dimension as marketplace_name
  from ({{ current_state(ref('stg_polaris__dimensions'), 'polaris') }}) as catalogue
  union distinct
  select
    dimension,
    marketplace_name
  from {{ ref('stg_policies__marketplace_dimensions') }}
  where cloud = 'azure'
),

microsoft_offers as (
  select
    offers.*,
    {{ json_priced_dimensions('offers.pricing') }} as priced_dimensions
  from ({{ current_state(ref('stg_tackle__microsoft_offers'), 'tackle') }}) as offers
),

microsoft as (
  select
    subscriptions.subscription_id,
    dimensions.dimension,
    offers.po_id,
    case when offers.offer_ref = subscriptions.offer_id then 0 else 1 end as distance,
    offers.starts_at,
    {{ text_to_decimal(json_text(json_field('offers.priced_dimensions', 'dimensions.marketplace_name'), '$.price_per_unit_in_usd')) }} as unit_price,
    'USD' as currency
  from microsoft_offers as offers
  inner join subscriptions on subscriptions.cloud = 'azure'
  left join items
    on subscriptions.subscription_id = items.subscription_id
    and offers.subscription_ref = items.cloud_subscription_id
  cross join dimensions
  where offers.offer_ref = subscriptions.offer_id or items.subscription_id is not null
),

aws_offers as (
  {{ current_state(ref('stg_tackle__aws_offers'), 'tackle') }}
),

aws_entries as (
  select
    aws_offers.offer_id,
    aws_offers.po_id,
    aws_offers.service_start_at,
    aws_offers.currency_code,
    {{ json_text('entry_item', '$.sku') }} as sku,
    {{ text_to_decimal(json_text('entry_item', '$.price')) }} as unit_price
  from aws_offers, {{ numbered_elements(json_elements('aws_offers.pricing', '$.usage_dimensions'), 'entry') }}
),

aws as (
  select
    subscriptions.subscription_id,
    coalesce(names.dimension, aws_entries.sku) as dimension,
    aws_entries.po_id,
    0 as distance,
    aws_entries.service_start_at as starts_at,
    aws_entries.unit_price,
    coalesce(aws_entries.currency_code, 'USD') as currency
  from aws_entries
  inner join subscriptions
    on aws_entries.offer_id = subscriptions.offer_id
    and subscriptions.cloud = 'aws'
  left join {{ ref('stg_policies__marketplace_dimensions') }} as names
    on names.cloud = 'aws'
    and aws_entries.sku = names.marketplace_name
),

ranked as (
  select
    *,
    row_number() over (
      partition by subscription_id, dimension
      order by distance, coalesce(starts_at, {{ beginning_of_time() }}) desc, po_id, unit_price
    ) as price_rank
  from (
    select * from microsoft
    union all
    select * from aws
  ) as stated
  where unit_price is not null and dimension is not null
),

final as (
  select
    subscription_id,
    dimension,
    unit_price,
    currency,
    po_id
  from ranked
  where price_rank = 1
)

select * from final
