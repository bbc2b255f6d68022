{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The stretches of hours in which an account commits to held capacity, per subscription, as known at each as-of date. A
-- subscription without a cluster commits nothing; where several of its clusters overlap it counts once.
with dates as (
  select * from {{ dates_to_build(ref('int_as_of_dates')) }}
),

held_capacity as (
  select dimension from {{ ref('stg_policies__dimension_map') }}
  where role = 'held_capacity'
),

links as (
  select
    links.as_of_date,
    links.tackle_load_id,
    mapped.account_id,
    links.subscription_id,
    links.cluster_id,
    links.from_hour,
    links.to_hour,
    max(links.to_hour) over (
      partition by links.as_of_date, mapped.account_id, links.subscription_id
      -- The cluster breaks ties: two windows over equal rows may each put another one first.
      order by links.from_hour, links.to_hour, links.cluster_id
      rows between unbounded preceding and 1 preceding
    ) as reached_hour
  from {{ dates_to_build(ref('int_cluster_subscriptions_as_of')) }} as links
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on links.cluster_id = mapped.cluster_id
    and mapped.valid_from_as_of <= links.as_of_date
    and links.as_of_date < mapped.valid_to_as_of
),

numbered as (
  select
    links.*,
    sum(case when from_hour <= reached_hour then 0 else 1 end) over (
      partition by as_of_date, account_id, subscription_id
      order by from_hour, to_hour, cluster_id
      rows between unbounded preceding and current row
    ) as island
  from links
),

merged as (
  select
    as_of_date,
    tackle_load_id,
    account_id,
    subscription_id,
    min(from_hour) as from_hour,
    max(to_hour) as to_hour
  from numbered
  group by as_of_date, tackle_load_id, account_id, subscription_id, island
),

final as (
  select
    merged.as_of_date,
    merged.account_id,
    merged.subscription_id,
    greatest(merged.from_hour, commitments.from_hour) as from_hour,
    least(merged.to_hour, commitments.to_hour) as to_hour,
    commitments.quantity,
    commitments.is_unlimited
  from merged
  cross join held_capacity
  inner join {{ ref('int_commitments_at_snapshot') }} as commitments
    on merged.tackle_load_id = commitments.snapshot_load_id
    and merged.subscription_id = commitments.subscription_id
    and held_capacity.dimension = commitments.dimension
    and merged.from_hour < commitments.to_hour
    and commitments.from_hour < merged.to_hour
)

select * from final
