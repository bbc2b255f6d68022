with closes as (
  select
    month,
    status,
    preparation_id
  from {{ ref('fct_period_close') }}
),

newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

usage_now as (
  select
    {{ month_start('usage_date') }} as month,
    dimension,
    count(*) as readings,
    sum(quantity) as quantity
  from {{ ref('fct_usage_hourly') }}
  group by 1, 2
),

totals as (
  select * from {{ ref('stg_ops__control_totals') }}
),

-- A day is compared whole, so only its newest comparison says how it stands.
newest_comparisons as (
  select
    totals.usage_date,
    max(totals.compared_at) as compared_at
  from totals
  inner join newest on totals.usage_date <= newest.as_of_date
  group by totals.usage_date
),

stated_now as (
  select
    {{ month_start('totals.usage_date') }} as month,
    totals.dimension,
    cast(sum(totals.source_readings) as {{ type_bigint() }}) as source_readings,
    sum(totals.source_quantity) as source_quantity
  from totals
  inner join newest_comparisons
    on totals.usage_date = newest_comparisons.usage_date
    and totals.compared_at = newest_comparisons.compared_at
  group by 1, 2
),

now_beside as (
  select
    coalesce(usage_now.month, stated_now.month) as month,
    coalesce(usage_now.dimension, stated_now.dimension) as dimension,
    coalesce(usage_now.readings, 0) as readings_now,
    coalesce(usage_now.quantity, 0) as quantity_now,
    stated_now.source_readings,
    stated_now.source_quantity
  from usage_now
  full join stated_now
    on usage_now.month = stated_now.month
    and usage_now.dimension = stated_now.dimension
),

frozen as (
  select
    totals.*
  from {{ ref('stg_evidence__close_totals') }} as totals
  inner join closes on totals.preparation_id = closes.preparation_id
),

keys as (
  select month, dimension from now_beside
  union distinct
  select month, dimension from frozen
),

taken as (
  select
    keys.month,
    keys.dimension,
    closes.status,
    closes.preparation_id is not null as is_frozen,
    case when closes.preparation_id is not null then coalesce(frozen.readings, 0) else now_beside.readings_now end as readings,
    case when closes.preparation_id is not null then coalesce(frozen.quantity, 0) else now_beside.quantity_now end as quantity,
    case when closes.preparation_id is not null then frozen.source_readings else now_beside.source_readings end as source_readings,
    case when closes.preparation_id is not null then frozen.source_quantity else now_beside.source_quantity end as source_quantity,
    coalesce(now_beside.readings_now, 0) as readings_now,
    coalesce(now_beside.quantity_now, 0) as quantity_now
  from keys
  inner join closes on keys.month = closes.month
  left join now_beside
    on keys.month = now_beside.month
    and keys.dimension = now_beside.dimension
  left join frozen
    on keys.month = frozen.month
    and keys.dimension = frozen.dimension
),

final as (
  select
    month,
    dimension,
    status,
    is_frozen,
    cast(readings as {{ type_bigint() }}) as readings,
    cast(quantity as {{ type_decimal() }}) as quantity,
    cast(source_readings as {{ type_bigint() }}) as source_readings,
    cast(source_quantity as {{ type_decimal() }}) as source_quantity,
    cast(readings - source_readings as {{ type_bigint() }}) as readings_difference,
    cast(quantity - source_quantity as {{ type_decimal() }}) as quantity_difference,
    cast(readings_now as {{ type_bigint() }}) as readings_now,
    cast(quantity_now as {{ type_decimal() }}) as quantity_now
  from taken
)

select * from final
