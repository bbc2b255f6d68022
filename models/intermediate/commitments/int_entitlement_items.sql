-- The entitlements of a subscription are JSON whose shape differs by cloud: one object, or a list of them, under its name.
with subscriptions as (
  select * from {{ ref('stg_tackle__subscriptions') }}
),

{% for cloud, columns in {
  'azure': {'plan': '$.plan', 'dimension_name': none, 'quantity': '$.quantity', 'cloud_subscription_id': '$.subscription_id', 'expires_at': none},
  'gcp': {'plan': '$.plan', 'dimension_name': none, 'quantity': none, 'cloud_subscription_id': '$.name', 'expires_at': '$.offerEndTime'},
  'aws': {'plan': none, 'dimension_name': '$.dimension', 'quantity': '$.value', 'cloud_subscription_id': none, 'expires_at': '$.expiration'},
}.items() -%}
{{ cloud }} as (
  select
    subscriptions.load_id,
    subscriptions.valid_to_load_id,
    subscriptions.is_vanished,
    subscriptions.subscription_id,
    subscriptions.cloud,
    {{ element_position('entry') }} as item_position,
    {% for column, path in columns.items() -%}
    {{ json_text('entry_item', path) if path else 'cast(null as ' ~ type_text() ~ ')' }} as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from subscriptions, {{ numbered_elements(json_elements('subscriptions.entitlements', '$.' ~ cloud), 'entry') }}
  where subscriptions.cloud = '{{ cloud }}'
),

{% endfor -%}
items as (
  select * from azure
  union all
  select * from gcp
  union all
  select * from aws
),

final as (
  select
    load_id,
    valid_to_load_id,
    is_vanished,
    subscription_id,
    cloud,
    cast(item_position as {{ type_bigint() }}) as item_position,
    plan,
    dimension_name,
    {{ text_to_decimal('quantity') }} as quantity,
    cloud_subscription_id,
    {{ text_to_timestamp('expires_at') }} as expires_at
  from items
)

select * from final
