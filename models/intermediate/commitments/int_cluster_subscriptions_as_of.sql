-- Which subscription a cluster was billed to, in which hours, as known at each as-of date: the meter's own word from the
-- first hour that names a subscription to the first that names the next one; the catalogue's where the meter names none.
with dates as (
  select * from {{ ref('int_as_of_dates') }}
),

clusters as (
  select
    dates.as_of_date,
    dates.polaris_load_id,
    dates.salesforce_load_id,
    coalesce(dates.tackle_load_id, 0) as tackle_load_id,
    clusters.cluster_id,
    clusters.customer_id,
    clusters.subscription_id,
    {{ hour_floor('clusters.created_at') }} as created_hour,
    case when clusters.terminated_at <= dates.cut_off_at then {{ hour_floor('clusters.terminated_at') }} end as terminated_hour
  from dates
  inner join {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
    on dates.polaris_load_id = clusters.snapshot_load_id
),

metered as (
  select
    clusters.*,
    firsts.subscription_id as metered_subscription_id,
    row_number() over (
      partition by clusters.as_of_date, clusters.cluster_id order by firsts.first_hour, firsts.subscription_id
    ) as metered_rank,
    firsts.first_hour,
    lead(firsts.first_hour) over (
      partition by clusters.as_of_date, clusters.cluster_id order by firsts.first_hour, firsts.subscription_id
    ) as next_first_hour
  from clusters
  inner join {{ ref('int_cluster_subscription_firsts') }} as firsts
    on clusters.cluster_id = firsts.cluster_id
    and firsts.valid_from_as_of <= clusters.as_of_date
    and clusters.as_of_date < firsts.valid_to_as_of
),

-- A subscription that only the catalogue names has not been metered yet: it takes the cluster over where its term begins.
by_catalogue as (
  select
    clusters.as_of_date,
    clusters.tackle_load_id,
    clusters.cluster_id,
    clusters.customer_id,
    clusters.subscription_id,
    greatest(clusters.created_hour, coalesce(subscriptions.from_hour, clusters.created_hour)) as from_hour,
    coalesce(clusters.terminated_hour, {{ end_of_time() }}) as to_hour
  from clusters
  left join metered
    on clusters.as_of_date = metered.as_of_date
    and clusters.cluster_id = metered.cluster_id
    and clusters.subscription_id = metered.metered_subscription_id
  left join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on clusters.tackle_load_id = subscriptions.snapshot_load_id
    and clusters.subscription_id = subscriptions.subscription_id
    and subscriptions.is_in_tackle
  where clusters.subscription_id is not null and metered.cluster_id is null
),

by_meter as (
  select
    metered.as_of_date,
    metered.tackle_load_id,
    metered.cluster_id,
    metered.customer_id,
    metered.metered_subscription_id as subscription_id,
    case
      when metered.metered_rank = 1 then least(metered.created_hour, metered.first_hour)
      else metered.first_hour
    end as from_hour,
    least(
      coalesce(metered.next_first_hour, {{ end_of_time() }}),
      coalesce(metered.terminated_hour, {{ end_of_time() }}),
      case when by_catalogue.from_hour > metered.first_hour then by_catalogue.from_hour else {{ end_of_time() }} end
    ) as to_hour
  from metered
  left join by_catalogue
    on metered.as_of_date = by_catalogue.as_of_date
    and metered.cluster_id = by_catalogue.cluster_id
  where metered.metered_subscription_id is not null
),

final as (
  select * from by_meter
  where from_hour < to_hour
  union all
  select * from by_catalogue
  where from_hour < to_hour
)

select * from final
