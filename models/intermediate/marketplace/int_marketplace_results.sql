-- Ours beside Tackle's, hour by hour. Either side may lack the hour: what is due and was not sent, and what was sent and is
-- not due.
with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

sides as (
  select
    coalesce(hours.subscription_id, records.subscription_id) as subscription_id,
    coalesce(hours.dimension, records.dimension) as dimension,
    coalesce(hours.hour, records.hour) as hour,
    coalesce(hours.usage_date, records.usage_date) as usage_date,
    coalesce(hours.cloud, records.cloud) as cloud,
    hours.measured,
    hours.committed,
    hours.is_unlimited,
    hours.commitment_source,
    hours.due,
    hours.scale,
    hours.last_recorded_at,
    coalesce(hours.planned, 0) as ours,
    records.usage_record_id,
    coalesce(records.records, 0) as records,
    records.status,
    records.reason,
    records.is_duplicate,
    records.has_conflict,
    records.quantity,
    records.created_at
  from {{ ref('int_marketplace_hours') }} as hours
  full join {{ ref('int_marketplace_records') }} as records
    on hours.subscription_id = records.subscription_id
    and hours.dimension = records.dimension
    and hours.hour = records.hour
  where hours.planned > 0 or records.usage_record_id is not null
),

timed as (
  select
    sides.*,
    {{ timestamp_add_hours('sides.hour', 'windows.window_hours + 1') }} as deadline_at
  from sides
  left join {{ ref('stg_policies__marketplace_windows') }} as windows on sides.cloud = windows.cloud
),

final as (
  select
    timed.subscription_id,
    timed.dimension,
    timed.hour,
    timed.usage_date,
    timed.cloud,
    timed.measured,
    timed.committed,
    timed.is_unlimited,
    timed.commitment_source,
    timed.due,
    timed.scale,
    timed.last_recorded_at,
    timed.ours,
    timed.usage_record_id,
    timed.records,
    timed.status,
    timed.reason,
    timed.quantity,
    timed.created_at,
    timed.quantity - timed.ours as difference,
    timed.deadline_at,
    timed.deadline_at > newest.cut_off_at as is_window_open,
    coalesce(timed.status in ('accepted', 'rejected'), false) as is_settled,
    case
      when timed.usage_record_id is null then 'missing'
      when timed.status = 'rejected' and not timed.is_duplicate then 'rejected'
      when timed.has_conflict then 'duplicate_conflict'
      when timed.quantity > timed.ours then 'over'
      when timed.quantity < timed.ours then 'under'
      when timed.ours = 0 then 'not_required'
      when timed.status = 'accepted' and timed.created_at > timed.deadline_at then 'late'
      else 'matched'
    end as result
  from timed
  cross join newest
)

select * from final
