-- From what a month was booked with to what stands now, in counts and exact sums. The closing figures are those of the usage
-- itself, so that the arithmetic is a proof.
with newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

movements as (
  select * from {{ ref('int_reading_movements') }}
  where usage_date <= (select as_of_date from newest)
),

moved as (
  select
    service_period,
    dimension,
    {% for prefix, late in [('', 'not is_late'), ('late_', 'is_late')] -%}
    count(case when {{ late }} and is_first then 1 end) as {{ prefix }}originals,
    sum(case when {{ late }} and is_first then quantity_change end) as {{ prefix }}original_quantity,
    count(case when {{ late }} and not is_first then 1 end) as {{ prefix }}restatements,
    sum(case when {{ late }} and not is_first then quantity_change end) as {{ prefix }}restatement_change{{ ',' if not loop.last }}
    {% endfor %}
  from movements
  group by service_period, dimension
),

usage_now as (
  select
    {{ month_start('usage_date') }} as service_period,
    dimension,
    count(*) as readings,
    sum(quantity) as quantity
  from {{ ref('fct_usage_hourly') }}
  group by 1, 2
),

joined as (
  select
    coalesce(moved.service_period, usage_now.service_period) as service_period,
    coalesce(moved.dimension, usage_now.dimension) as dimension,
    {% for prefix in ['', 'late_'] -%}
    coalesce(moved.{{ prefix }}originals, 0) as {{ prefix }}originals,
    cast(coalesce(moved.{{ prefix }}original_quantity, 0) as {{ type_decimal() }}) as {{ prefix }}original_quantity,
    coalesce(moved.{{ prefix }}restatements, 0) as {{ prefix }}restatements,
    cast(coalesce(moved.{{ prefix }}restatement_change, 0) as {{ type_decimal() }}) as {{ prefix }}restatement_change,
    {% endfor -%}
    coalesce(usage_now.readings, 0) as readings_now,
    cast(coalesce(usage_now.quantity, 0) as {{ type_decimal() }}) as quantity_now
  from moved
  full join usage_now
    on moved.service_period = usage_now.service_period
    and moved.dimension = usage_now.dimension
),

final as (
  select
    service_period,
    dimension,
    originals,
    original_quantity,
    restatements,
    restatement_change,
    originals as readings_at_close,
    cast(original_quantity + restatement_change as {{ type_decimal() }}) as quantity_at_close,
    late_originals,
    late_original_quantity,
    late_restatements,
    late_restatement_change,
    readings_now,
    quantity_now
  from joined
)

select * from final
