-- Refused readings and the month that each belongs to, so that none is dropped: the month of its own hour where that can be
-- read and lies between the feed's first month and the clock of the page; else that of its neighbours (the next reading of its
-- cluster by number, else the one before; then the same within its page); else that of the page's clock.
with refused as (
  select
    quarantine.quarantine_id,
    quarantine.cluster_id,
    quarantine.subscription_id,
    quarantine.dimension,
    quarantine.seq,
    quarantine.hour,
    quarantine.page_sha256,
    quarantine.page_offset,
    quarantine.column_name,
    quarantine.reason,
    quarantine.status,
    quarantine.quarantined_at,
    loads.source_as_of
  from {{ ref('stg_ops__quarantine') }} as quarantine
  left join {{ ref('stg_ops__loads') }} as loads on quarantine.load_id = loads.load_id
  where quarantine.source_name = 'polaris' and quarantine.stream = 'readings'
),

feed as (
  select cast({{ month_start('min(as_of_date)') }} as timestamp) as first_hour from {{ ref('int_as_of_dates') }}
),

believed as (
  select
    refused.*,
    case
      when coalesce(refused.hour >= feed.first_hour, true) and coalesce(refused.hour <= refused.source_as_of, true) then refused.hour
    end as believed_hour
  from refused
  cross join feed
),

hourless as (
  select * from believed
  where believed_hour is null
),

{% set neighbours = {'number': ('cluster_id', 'seq'), 'page': ('page_sha256', 'page_offset')} -%}
{% for name, (thing, position) in neighbours.items() -%}
{{ name }}_series as (
  select
    {{ thing }},
    {{ position }},
    0 as is_refused,
    cast(0 as {{ type_bigint() }}) as quarantine_id,
    usage_date
  from {{ ref('stg_polaris__readings') }}
  where {{ thing }} in (select {{ thing }} from hourless where {{ position }} is not null)
  union all
  select
    {{ thing }},
    {{ position }},
    1 as is_refused,
    quarantine_id,
    cast(null as date) as usage_date
  from hourless
  where {{ thing }} is not null and {{ position }} is not null
),

{{ name }}_dates as (
  select
    quarantine_id,
    is_refused,
    coalesce(
      first_value(usage_date ignore nulls) over (
        partition by {{ thing }} order by {{ position }}, is_refused, quarantine_id
        rows between current row and unbounded following
      ),
      last_value(usage_date ignore nulls) over (
        partition by {{ thing }} order by {{ position }}, is_refused, quarantine_id
        rows between unbounded preceding and current row
      )
    ) as usage_date
  from {{ name }}_series
),

by_{{ name }} as (
  select
    quarantine_id,
    usage_date
  from {{ name }}_dates
  where is_refused = 1 and usage_date is not null
),

{% endfor -%}
linked as (
  select
    believed.quarantine_id,
    min(links.subscription_id) as subscription_id
  from believed
  inner join {{ ref('int_subscription_links') }} as links
    on believed.cluster_id = links.cluster_id
    and links.from_hour <= believed.believed_hour
    and believed.believed_hour < links.to_hour
  group by believed.quarantine_id
),

final as (
  select
    believed.quarantine_id,
    {{ month_start('coalesce(cast(believed.believed_hour as date), by_number.usage_date, by_page.usage_date, cast(believed.source_as_of as date), cast(believed.quarantined_at as date))') }} as period,
    case
      when believed.believed_hour is not null then 'hour'
      when by_number.quarantine_id is not null then 'number'
      when by_page.quarantine_id is not null then 'page'
      else 'clock'
    end as placed_by,
    believed.cluster_id,
    coalesce(linked.subscription_id, believed.subscription_id) as subscription_id,
    believed.dimension,
    believed.believed_hour as hour,
    believed.column_name,
    believed.reason,
    believed.page_sha256,
    believed.page_offset,
    believed.status = 'open' as is_open
  from believed
  left join by_number on believed.quarantine_id = by_number.quarantine_id
  left join by_page on believed.quarantine_id = by_page.quarantine_id
  left join linked on believed.quarantine_id = linked.quarantine_id
)

select * from final
