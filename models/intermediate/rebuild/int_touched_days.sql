-- Days of usage of which anything may differ from what was last built: rows loaded since, whenever they were metered; days
-- that the as-of date has reached since; days on which a cluster's first or last expected hour was moved; and, where rows
-- came from before the feed's first day, every day that the feed now has more.
with last as (
  select * from {{ ref('int_last_build') }}
),

loaded as (
  select distinct readings.usage_date
  from {{ ref('stg_polaris__readings') }} as readings
  cross join last
  where readings.load_id > last.load_id or readings.evidence_index >= last.tree_size
),

-- Terms of clusters in every snapshot from the one that was built with to the newest.
snapshots as (
  select distinct dates.polaris_load_id
  from {{ ref('int_as_of_dates') }} as dates
  cross join last
  where dates.as_of_date >= last.as_of_date
),

clusters as (
  select
    clusters.cluster_id,
    count(*) as snapshots,
    min({{ timestamp_day('clusters.created_at') }}) as first_created,
    max({{ timestamp_day('clusters.created_at') }}) as last_created,
    min({{ least_known(timestamp_day('clusters.terminated_at'), 'last.newest_as_of_date') }}) as first_terminated,
    max({{ least_known(timestamp_day('clusters.terminated_at'), 'last.newest_as_of_date') }}) as last_terminated,
    count(distinct coalesce({{ timestamp_day('clusters.terminated_at') }}, {{ open_date() }})) as terminations
  from {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
  inner join snapshots on clusters.snapshot_load_id = snapshots.polaris_load_id
  cross join last
  group by clusters.cluster_id
),

ranges as (
  select
    {{ date_add_days('as_of_date', 1) }} as first_day,
    newest_as_of_date as last_day
  from last
  union all
  -- A cluster that came, or that left the catalogue.
  select
    clusters.first_created as first_day,
    last.newest_as_of_date as last_day
  from clusters
  cross join last
  where clusters.snapshots < (select count(*) from snapshots)
  union all
  select
    first_created as first_day,
    last_created as last_day
  from clusters
  where first_created < last_created
  union all
  select
    first_terminated as first_day,
    last_terminated as last_day
  from clusters
  where terminations > 1
  union all
  select
    min(loaded.usage_date) as first_day,
    feed.first_day as last_day
  from loaded
  cross join (
    select min(readings.usage_date) as first_day
    from {{ ref('stg_polaris__readings') }} as readings
    cross join last
    where readings.load_id <= last.load_id
  ) as feed
  group by feed.first_day
),

final as (
  select usage_date from loaded
  union distinct
  select cast(usage_date as date) as usage_date
  from ranges, {{ date_spine('ranges.first_day', 'ranges.last_day', 'usage_date') }}
)

select * from final
