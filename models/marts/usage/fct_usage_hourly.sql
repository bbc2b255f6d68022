{{ config(materialized='incremental', meta={'rebuilt': 'usage'}) }}
{{ depends_on_touched('usage') }}

with revisions as (
  select * from {{ ref('int_reading_revisions') }} as readings
  where is_current
    {% if is_incremental() %}
    and {{ is_touched_reading('usage', 'readings') }}
    {% endif %}
),

newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

final as (
  select
    matched.account_id,
    revisions.customer_id,
    revisions.cluster_id,
    revisions.subscription_id,
    revisions.cloud,
    revisions.region,
    revisions.hour,
    revisions.usage_date,
    revisions.dimension,
    revisions.unit,
    revisions.quantity,
    revisions.revision,
    revisions.reading_id,
    revisions.recorded_at,
    revisions.loaded_at,
    revisions.recorded_at > {{ timestamp_add_hours('revisions.hour', 25) }} as is_late,
    revisions.evidence_index
  from revisions
  left join {{ ref('int_customer_account_current') }} as matched on revisions.customer_id = matched.customer_id
  where revisions.usage_date <= (select as_of_date from newest)
)

select * from final
