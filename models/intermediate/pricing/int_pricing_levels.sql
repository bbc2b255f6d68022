-- What fixed_overage options are held against: the level of each hour over the clusters that are billed to one subscription,
-- beside the commitment of that hour. Without a subscription, or outside its term, nothing is committed.
with newest as (
  select coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

dimensions as (
  select distinct dimension from {{ ref('stg_policies__pricing_options') }}
  where kind = 'fixed_overage'
),

levels as (
  select
    usage.account_id,
    usage.subscription_id,
    usage.dimension,
    usage.hour,
    usage.usage_date,
    sum(usage.quantity) as measured
  from {{ ref('fct_usage_hourly') }} as usage
  inner join dimensions on usage.dimension = dimensions.dimension
  where usage.account_id is not null
  group by usage.account_id, usage.subscription_id, usage.dimension, usage.hour, usage.usage_date
),

final as (
  select
    levels.account_id,
    levels.subscription_id,
    levels.dimension,
    levels.hour,
    {{ month_start('levels.usage_date') }} as month,
    cast(levels.measured as {{ type_decimal() }}) as measured,
    case when commitments.is_unlimited then null else coalesce(commitments.quantity, 0) end as committed,
    coalesce(commitments.is_unlimited, false) as is_unlimited
  from levels
  cross join newest
  left join {{ ref('int_commitments_at_snapshot') }} as commitments
    on commitments.snapshot_load_id = newest.tackle_load_id
    and levels.subscription_id = commitments.subscription_id
    and levels.dimension = commitments.dimension
    and commitments.from_hour <= levels.hour
    and levels.hour < commitments.to_hour
)

select * from final
