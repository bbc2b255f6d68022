with held as (
  {{ at_snapshot(ref('int_entitlement_items'), 'tackle') }}
),

final as (
  select
    snapshot_load_id,
    subscription_id,
    cloud,
    item_position,
    plan,
    dimension_name,
    quantity,
    cloud_subscription_id,
    expires_at
  from held
)

select * from final
