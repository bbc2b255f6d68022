-- The feed's first day and the newest as-of date bound the history that tables with an as-of date have.
with newest as (
  select max(as_of_date) as newest_date from {{ ref('stg_ops__runs') }}
),

first_reading as (
  select min(usage_date) as first_date from {{ ref('stg_polaris__readings') }}
),

bounds as (
  select
    {{ least_known('first_reading.first_date', 'newest.newest_date') }} as first_date,
    newest.newest_date
  from newest
  cross join first_reading
  where newest.newest_date is not null
),

dates as (
  select
    cast(as_of_date as date) as as_of_date,
    bounds.newest_date
  from bounds, {{ date_spine('bounds.first_date', 'bounds.newest_date', 'as_of_date') }}
),

-- Of the snapshots of one date the first counts.
first_snapshots as (
  select
    source_name,
    snapshot_date,
    min(snapshot_id) as snapshot_id
  from {{ ref('stg_ops__snapshots') }}
  group by source_name, snapshot_date
),

snapshots as (
  select
    first_snapshots.source_name,
    first_snapshots.snapshot_date,
    loaded.load_id,
    row_number() over (partition by first_snapshots.source_name order by first_snapshots.snapshot_id) as snapshot_rank,
    lead(first_snapshots.snapshot_date) over (
      partition by first_snapshots.source_name order by first_snapshots.snapshot_date
    ) as next_date
  from first_snapshots
  inner join {{ ref('stg_ops__snapshots') }} as loaded
    on first_snapshots.snapshot_id = loaded.snapshot_id
),

-- Per date and source: the newest snapshot on or before the date, else the very first one. BigQuery's outer joins need an
-- equality, so the dates are found by an inner join first.
{% for source in ['polaris', 'salesforce', 'tackle'] %}
{{ source }}_held as (
  select
    dates.as_of_date,
    snapshots.load_id
  from dates
  inner join snapshots
    on snapshots.source_name = '{{ source }}'
    and snapshots.snapshot_date <= dates.as_of_date
    and (snapshots.next_date is null or dates.as_of_date < snapshots.next_date)
),

{{ source }}_earliest as (
  select max(load_id) as load_id from snapshots
  where source_name = '{{ source }}' and snapshot_rank = 1
),

{{ source }} as (
  select
    dates.as_of_date,
    coalesce(held.load_id, earliest.load_id) as load_id,
    held.load_id is not null as is_known,
    earliest.load_id is not null as is_read
  from dates
  cross join {{ source }}_earliest as earliest
  left join {{ source }}_held as held on dates.as_of_date = held.as_of_date
),
{% endfor %}

-- Load 0 stands for a source of which no snapshot was ever taken: it holds nothing.
final as (
  select
    dates.as_of_date,
    {{ as_of_cut_off_at('dates.as_of_date') }} as cut_off_at,
    dates.as_of_date = dates.newest_date as is_newest,
    coalesce(polaris.load_id, 0) as polaris_load_id,
    polaris.is_known as polaris_known,
    coalesce(salesforce.load_id, 0) as salesforce_load_id,
    salesforce.is_known as salesforce_known,
    coalesce(tackle.load_id, 0) as tackle_load_id,
    tackle.is_known as tackle_known,
    -- A source that was never read lends nothing from later, so it does not make a date less known.
    (polaris.is_known or not polaris.is_read)
    and (salesforce.is_known or not salesforce.is_read)
    and (tackle.is_known or not tackle.is_read) as crm_known_as_of
  from dates
  inner join polaris on dates.as_of_date = polaris.as_of_date
  inner join salesforce on dates.as_of_date = salesforce.as_of_date
  inner join tackle on dates.as_of_date = tackle.as_of_date
)

select * from final
