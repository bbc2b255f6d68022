-- What Tackle says of an hour: of several records the one that counts. The marketplace keeps what it accepted first, so
-- an accepted record goes before one under way, that before a refused one, and a mere duplicate counts last.
with newest as (
  select as_of_date from {{ ref('int_as_of_dates') }}
  where is_newest
),

records as (
  {{ current_state(ref('stg_tackle__usage_records'), 'tackle') }}
),

-- A deleted record was never accepted for good.
named as (
  select
    records.subscription_id,
    coalesce(names.dimension, records.dimension_name) as dimension,
    {{ hour_floor('records.start_time') }} as hour,
    records.usage_record_id,
    records.cloud,
    case when records.deleted_at is not null then 'rejected' else records.status end as status,
    case when records.deleted_at is not null then coalesce(records.reason, 'deleted') else records.reason end as reason,
    records.dimension_quantity as quantity,
    records.created_at
  from records
  left join {{ ref('stg_policies__marketplace_dimensions') }} as names
    on records.cloud = names.cloud
    and records.dimension_name = names.marketplace_name
  where records.subscription_id is not null
),

known as (
  select
    named.*,
    named.status = 'rejected' and coalesce(named.reason, '') = 'duplicate-request' as is_duplicate
  from named
  where cast(named.hour as date) <= (select as_of_date from newest)
),

ranked as (
  select
    known.*,
    row_number() over (
      partition by subscription_id, dimension, hour
      order by
        case when status = 'accepted' then 1 when status <> 'rejected' then 2 when is_duplicate then 4 else 3 end,
        case when status = 'accepted' then coalesce(created_at, {{ beginning_of_time() }}) end,
        coalesce(created_at, {{ beginning_of_time() }}) desc,
        usage_record_id
    ) as record_rank
  from known
),

counting as (
  select * from ranked
  where record_rank = 1
),

-- A duplicate is told from a conflict only by what was accepted; where that is not known, it is none that agrees.
duplicates as (
  select
    ranked.subscription_id,
    ranked.dimension,
    ranked.hour,
    count(*) as records,
    max(case
      when ranked.is_duplicate and (counting.status <> 'accepted' or ranked.quantity <> counting.quantity) then 1
      else 0
    end) = 1 as has_conflict
  from ranked
  inner join counting
    on ranked.subscription_id = counting.subscription_id
    and ranked.dimension = counting.dimension
    and ranked.hour = counting.hour
  group by ranked.subscription_id, ranked.dimension, ranked.hour
),

final as (
  select
    counting.subscription_id,
    counting.dimension,
    counting.hour,
    cast(counting.hour as date) as usage_date,
    counting.usage_record_id,
    counting.cloud,
    counting.status,
    counting.reason,
    counting.is_duplicate,
    counting.quantity,
    counting.created_at,
    duplicates.records,
    duplicates.has_conflict
  from counting
  inner join duplicates
    on counting.subscription_id = duplicates.subscription_id
    and counting.dimension = duplicates.dimension
    and counting.hour = duplicates.hour
)

select * from final
