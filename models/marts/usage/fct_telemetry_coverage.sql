with days as (
  select * from {{ ref('int_cluster_day_versions') }}
  where valid_to_as_of = {{ open_date() }}
),

clusters as (
  {{ current_state(ref('stg_polaris__clusters'), 'polaris') }}
),

newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

gaps as (
  select gaps.*
  from {{ ref('int_seq_gaps') }} as gaps
  inner join newest on gaps.usage_date <= newest.as_of_date
),

-- A hole on a day without expected hours still shows, with nothing to divide by.
joined as (
  select
    coalesce(days.cluster_id, gaps.cluster_id) as cluster_id,
    coalesce(days.usage_date, gaps.usage_date) as usage_date,
    coalesce(days.hours_expected, 0) as hours_expected,
    coalesce(days.hours_observed, 0) as hours_observed,
    coalesce(days.hours_active, 0) as hours_active,
    coalesce(days.hours_missing_source, 0) as hours_missing_source,
    coalesce(days.hours_missing_cluster, 0) as hours_missing_cluster,
    coalesce(gaps.seq_gaps, 0) as seq_gaps
  from days
  full join gaps
    on days.cluster_id = gaps.cluster_id
    and days.usage_date = gaps.usage_date
),

dimension_map as (
  select max(version) as version from {{ ref('stg_policies__dimension_map') }}
),

final as (
  select
    joined.cluster_id,
    joined.usage_date,
    clusters.customer_id,
    matched.account_id,
    joined.hours_expected,
    joined.hours_active as hours_observed_active,
    joined.hours_observed - joined.hours_active as hours_observed_zero,
    joined.hours_missing_source,
    joined.hours_missing_cluster,
    {{ safe_divide('joined.hours_observed', 'joined.hours_expected') }} as coverage,
    cast(joined.seq_gaps as {{ type_bigint() }}) as seq_gaps,
    dimension_map.version as dimension_map_version
  from joined
  cross join dimension_map
  left join clusters on joined.cluster_id = clusters.cluster_id
  left join {{ ref('int_customer_account_current') }} as matched on clusters.customer_id = matched.customer_id
)

select * from final
