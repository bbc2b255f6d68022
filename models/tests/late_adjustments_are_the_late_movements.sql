-- The register has every late movement of the roll-forward, once, and as much. What lies after the newest as-of date is in the
-- register alone.
with register as (
  select
    service_period,
    dimension,
    count(*) as entries,
    sum(quantity_change) as quantity_change
  from {{ ref('fct_late_adjustments') }}
  where is_in_usage
  group by service_period, dimension
),

rolled as (
  select * from {{ ref('fct_evidence_roll_forward') }}
  where late_originals + late_restatements > 0
)

select
  coalesce(register.service_period, rolled.service_period) as service_period,
  coalesce(register.dimension, rolled.dimension) as dimension,
  register.entries
from register
full join rolled
  on register.service_period = rolled.service_period
  and register.dimension = rolled.dimension
where
  register.entries is null
  or rolled.late_originals is null
  or register.entries <> rolled.late_originals + rolled.late_restatements
  or register.quantity_change <> rolled.late_original_quantity + rolled.late_restatement_change
