{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- Use after the end: for accounts of which a cloud has no contract in force any more, whether anything was held or done on a
-- whole day after the last one's end. Where hours were expected since and none was observed, nobody can tell.
with contracts as (
  select * from {{ dates_to_build(ref('int_account_contracts_as_of')) }}
),

-- Clouds of which no contract is in force any more, and the first day after the last one's end.
ended as (
  select
    as_of_date,
    account_id,
    cloud,
    max(first_date_after) as first_date_after
  from contracts
  where contract_source = 'tackle'
  group by as_of_date, account_id, cloud
  having max(case when is_in_force then 1 else 0 end) = 0
),

-- The last day of each kind per cluster: a day stops to matter as soon as a later one is known for good.
{% set kinds = {
  'used': 'capacity_used_sum > 0 or hours_active > 0',
  'observed': 'hours_observed > 0',
  'expected': 'hours_expected > 0',
} -%}
{% for name, condition in kinds.items() -%}
{{ name }}_days as (
  select
    cluster_id,
    usage_date,
    valid_from_as_of,
    least(
      valid_to_as_of,
      coalesce(
        min(case when valid_to_as_of = {{ open_date() }} then valid_from_as_of end) over (
          partition by cluster_id
          order by usage_date, valid_from_as_of
          rows between 1 following and unbounded following
        ),
        valid_to_as_of
      )
    ) as matters_to_as_of
  from {{ ref('int_cluster_day_versions') }}
  where {{ condition }}
),

{{ name }} as (
  select distinct
    ended.as_of_date,
    ended.account_id,
    ended.cloud
  from ended
  inner join {{ ref('int_cluster_account_versions') }} as mapped
    on ended.account_id = mapped.account_id
    and ended.cloud = mapped.cloud
    and mapped.valid_from_as_of <= ended.as_of_date
    and ended.as_of_date < mapped.valid_to_as_of
  inner join {{ name }}_days as days
    on mapped.cluster_id = days.cluster_id
    and days.valid_from_as_of <= ended.as_of_date
    and ended.as_of_date < days.matters_to_as_of
    and days.usage_date >= ended.first_date_after
  where days.valid_from_as_of < days.matters_to_as_of
),

{% endfor -%}
final as (
  select
    ended.as_of_date,
    ended.account_id,
    max(case when used.cloud is not null then 1 else 0 end) = 1 as was_used_after_end,
    max(case when expected.cloud is not null and observed.cloud is null then 1 else 0 end) = 1 as is_unobserved_after_end
  from ended
  {% for name in kinds -%}
  left join {{ name }}
    on ended.as_of_date = {{ name }}.as_of_date
    and ended.account_id = {{ name }}.account_id
    and ended.cloud = {{ name }}.cloud
  {% endfor -%}
  group by ended.as_of_date, ended.account_id
)

select * from final
