{{ config(materialized='incremental', meta={'rebuilt': 'days'}) }}
{{ depends_on_touched('days') }}

-- The hours of a cluster's day added up, for each stretch of as-of dates in which nothing of the day changed.
with hours as (
  select * from {{ ref('int_cluster_hour_versions') }} as hours
  {% if is_incremental() %}
  where {{ is_touched('days', 'hours') }}
  {% endif %}
),

change_dates as (
  select
    cluster_id,
    usage_date,
    valid_from_as_of
  from hours
  group by cluster_id, usage_date, valid_from_as_of
  union distinct
  select
    cluster_id,
    usage_date,
    valid_to_as_of as valid_from_as_of
  from hours
  where valid_to_as_of < {{ open_date() }}
  group by cluster_id, usage_date, valid_to_as_of
),

changes as (
  select
    *,
    coalesce(
      lead(valid_from_as_of) over (partition by cluster_id, usage_date order by valid_from_as_of), {{ open_date() }}
    ) as valid_to_as_of
  from change_dates
),

added as (
  select
    changes.cluster_id,
    changes.usage_date,
    changes.valid_from_as_of,
    changes.valid_to_as_of,
    count(*) as hours_expected,
    count(case when hours.state in ('observed_active', 'observed_zero') then 1 end) as hours_observed,
    count(case when hours.state = 'observed_active' then 1 end) as hours_active,
    count(case when hours.state = 'missing_source' then 1 end) as hours_missing_source,
    count(case when hours.state = 'missing_cluster' then 1 end) as hours_missing_cluster,
    coalesce(sum(hours.capacity_used_tib), 0) as capacity_used_sum,
    count(hours.capacity_used_tib) as capacity_used_hours,
    coalesce(sum(hours.capacity_provisioned_tib), 0) as capacity_provisioned_sum,
    count(hours.capacity_provisioned_tib) as capacity_provisioned_hours
  from changes
  inner join hours
    on changes.cluster_id = hours.cluster_id
    and changes.usage_date = hours.usage_date
    and hours.valid_from_as_of <= changes.valid_from_as_of
    and changes.valid_from_as_of < hours.valid_to_as_of
  group by changes.cluster_id, changes.usage_date, changes.valid_from_as_of, changes.valid_to_as_of
),

final as (
  select
    cluster_id,
    usage_date,
    valid_from_as_of,
    valid_to_as_of,
    hours_expected,
    hours_observed,
    hours_active,
    hours_missing_source,
    hours_missing_cluster,
    hours_active > 0 as had_activity,
    cast(capacity_used_sum as {{ type_decimal() }}) as capacity_used_sum,
    capacity_used_hours,
    {{ decimal_div('capacity_used_sum', 'capacity_used_hours') }} as capacity_used_mean,
    cast(capacity_provisioned_sum as {{ type_decimal() }}) as capacity_provisioned_sum,
    capacity_provisioned_hours
  from added
)

select * from final
