{{ config(materialized='incremental', meta={'rebuilt': 'days'}) }}
{{ depends_on_touched('days') }}

-- Which hours a cluster is expected to report, as the catalogue of each as-of date has it.
-- A termination after an as-of date's cut-off lies after all hours of that date, so it needs no special case here.
with dates as (
  select
    polaris_load_id,
    min(as_of_date) as valid_from_as_of
  from {{ ref('int_as_of_dates') }}
  group by polaris_load_id
),

spans as (
  select
    polaris_load_id,
    valid_from_as_of,
    coalesce(lead(valid_from_as_of) over (order by valid_from_as_of), {{ open_date() }}) as valid_to_as_of
  from dates
),

newest as (
  select {{ timestamp_add_hours('cast(as_of_date as timestamp)', 23) }} as last_hour
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

-- The feed's first hour, as known at each date: late rows may bring an earlier one.
hours_heard as (
  select
    hour,
    min(valid_from_as_of) as known_as_of
  from {{ ref('int_cluster_hour_readings') }}
  group by hour
),

feed_known as (
  select
    hour,
    min(known_as_of) over (order by hour) as known_as_of
  from hours_heard
),

feed_steps as (
  select
    hour as from_hour,
    known_as_of,
    lag(known_as_of) over (order by hour) as previous_known_as_of
  from feed_known
),

feed as (
  select
    from_hour,
    coalesce(lead(from_hour) over (order by from_hour), cast('9999-12-31 00:00:00' as timestamp)) as to_hour,
    known_as_of
  from feed_steps
  where previous_known_as_of is null or known_as_of < previous_known_as_of
),

first_hour as (
  select min(from_hour) as feed_first_hour from feed
),

catalogue as (
  select
    clusters.cluster_id,
    spans.valid_from_as_of,
    spans.valid_to_as_of,
    greatest({{ hour_floor('clusters.created_at') }}, first_hour.feed_first_hour) as from_hour,
    {{ least_known(timestamp_add_hours(hour_floor('clusters.terminated_at'), -1), 'newest.last_hour') }} as last_hour
  from {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
  inner join spans on clusters.snapshot_load_id = spans.polaris_load_id
  cross join first_hour
  cross join newest
  where first_hour.feed_first_hour is not null
),

-- Neighbouring snapshots that say the same are one term.
compared as (
  select
    *,
    case
      when lag(from_hour) over (partition by cluster_id order by valid_from_as_of) = from_hour
        and lag(last_hour) over (partition by cluster_id order by valid_from_as_of) = last_hour
        and lag(valid_to_as_of) over (partition by cluster_id order by valid_from_as_of) = valid_from_as_of then 0
      else 1
    end as is_change
  from catalogue
),

numbered as (
  select
    *,
    sum(is_change) over (
      partition by cluster_id order by valid_from_as_of rows between unbounded preceding and current row
    ) as term
  from compared
),

terms as (
  select
    cluster_id,
    from_hour,
    last_hour,
    min(valid_from_as_of) as valid_from_as_of,
    max(valid_to_as_of) as valid_to_as_of
  from numbered
  where from_hour <= last_hour
  group by cluster_id, term, from_hour, last_hour
),

{% if is_incremental() %}
touched as (
  select
    cast(min(usage_date) as timestamp) as first_hour,
    {{ timestamp_add_hours('cast(max(usage_date) as timestamp)', 23) }} as last_hour
  from {{ ref('int_touched_days') }}
),

pieces as (
  select
    terms.cluster_id,
    greatest(terms.from_hour, touched.first_hour) as from_hour,
    least(terms.last_hour, touched.last_hour) as last_hour,
    terms.valid_from_as_of,
    terms.valid_to_as_of
  from terms
  cross join touched
  where terms.from_hour <= touched.last_hour and terms.last_hour >= touched.first_hour
),
{% endif %}

{% set pieces = 'pieces' if is_incremental() else 'terms' %}
exploded as (
  select
    pieces.cluster_id,
    hour,
    cast(hour as date) as usage_date,
    pieces.valid_from_as_of,
    pieces.valid_to_as_of,
    case
      when lag(pieces.valid_to_as_of) over (partition by pieces.cluster_id, hour order by pieces.valid_from_as_of)
        = pieces.valid_from_as_of then 0
      else 1
    end as is_change
  from {{ pieces }} as pieces, {{ hour_spine('pieces.from_hour', 'pieces.last_hour', 'hour') }}
  {% if is_incremental() %}
  where cast(hour as date) in (select usage_date from {{ ref('int_touched_days') }})
  {% endif %}
),

-- An hour that stays expected when the term's other end moves is one row.
islands as (
  select
    *,
    sum(is_change) over (
      partition by cluster_id, hour order by valid_from_as_of rows between unbounded preceding and current row
    ) as island
  from exploded
),

merged as (
  select
    cluster_id,
    hour,
    usage_date,
    min(valid_from_as_of) as valid_from_as_of,
    max(valid_to_as_of) as valid_to_as_of
  from islands
  group by cluster_id, hour, usage_date, island
),

final as (
  select
    merged.cluster_id,
    merged.hour,
    merged.usage_date,
    greatest(merged.valid_from_as_of, merged.usage_date, feed.known_as_of) as valid_from_as_of,
    merged.valid_to_as_of
  from merged
  inner join feed
    on merged.hour >= feed.from_hour
    and merged.hour < feed.to_hour
  where greatest(merged.valid_from_as_of, merged.usage_date, feed.known_as_of) < merged.valid_to_as_of
)

select * from final
