-- An account's day over its clusters, for each stretch of as-of dates in which neither the readings known nor the clusters
-- that belong to the account changed.
with days as (
  select
    mapped.account_id,
    days.usage_date,
    greatest(days.valid_from_as_of, mapped.valid_from_as_of) as valid_from_as_of,
    least(days.valid_to_as_of, mapped.valid_to_as_of) as valid_to_as_of,
    days.cluster_id,
    days.hours_expected,
    days.hours_observed,
    days.hours_active,
    days.hours_missing_source,
    days.hours_missing_cluster,
    days.capacity_used_mean
  from {{ ref('int_cluster_day_versions') }} as days
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on days.cluster_id = mapped.cluster_id
    and days.valid_from_as_of < mapped.valid_to_as_of
    and mapped.valid_from_as_of < days.valid_to_as_of
),

change_dates as (
  select account_id, usage_date, valid_from_as_of from days
  union distinct
  select account_id, usage_date, valid_to_as_of from days
),

stretches as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    lead(valid_from_as_of) over (partition by account_id, usage_date order by valid_from_as_of) as valid_to_as_of
  from change_dates
),

added as (
  select
    stretches.account_id,
    stretches.usage_date,
    stretches.valid_from_as_of,
    stretches.valid_to_as_of,
    count(*) as clusters_expected,
    sum(days.hours_expected) as hours_expected,
    sum(days.hours_observed) as hours_observed,
    sum(days.hours_active) as hours_active,
    sum(days.hours_missing_source) as hours_missing_source,
    sum(days.hours_missing_cluster) as hours_missing_cluster,
    max(days.hours_observed) >= {{ var('coverage_hours') }} as is_observed,
    cast(sum(days.capacity_used_mean) as {{ type_decimal() }}) as held_tib
  from stretches
  inner join days
    on stretches.account_id = days.account_id
    and stretches.usage_date = days.usage_date
    and days.valid_from_as_of <= stretches.valid_from_as_of
    and stretches.valid_from_as_of < days.valid_to_as_of
  where stretches.valid_to_as_of is not null
  group by
    stretches.account_id, stretches.usage_date, stretches.valid_from_as_of, stretches.valid_to_as_of
),

final as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    valid_to_as_of,
    cast(clusters_expected as {{ type_bigint() }}) as clusters_expected,
    cast(hours_expected as {{ type_bigint() }}) as hours_expected,
    cast(hours_observed as {{ type_bigint() }}) as hours_observed,
    cast(hours_active as {{ type_bigint() }}) as hours_active,
    cast(hours_missing_source as {{ type_bigint() }}) as hours_missing_source,
    cast(hours_missing_cluster as {{ type_bigint() }}) as hours_missing_cluster,
    is_observed,
    is_observed and hours_active > 0 as is_active,
    held_tib
  from added
)

select * from final
