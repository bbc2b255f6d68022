-- Entries count from 0 without a gap, and each has exactly one reading revision.
with totals as (
  select
    count(*) as entries,
    coalesce(max(evidence_index), -1) + 1 as log_size
  from {{ ref('fct_metering_evidence') }}
),

readings as (
  select count(*) as readings from {{ ref('stg_polaris__readings') }}
)

select
  totals.entries,
  totals.log_size,
  readings.readings
from totals
cross join readings
where totals.entries <> totals.log_size or totals.entries <> readings.readings
