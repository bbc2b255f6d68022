-- A subscription's month of one dimension: what is due, what was planned, and why what was accepted differs from it, in the
-- marketplace's units and priced.
{% set causes = ['timing', 'rejected', 'expired', 'correction', 'unexplained'] -%}
with hours as (
  select
    subscription_id,
    dimension,
    {{ month_start('usage_date') }} as month,
    due,
    scale,
    planned
  from {{ ref('int_marketplace_hours') }}
),

scaled as (
  select
    hours.*,
    {{ decimal_mul('due', 'scale') }} as due_units
  from hours
),

planned as (
  select
    subscription_id,
    dimension,
    month,
    cast(sum(due_units) as {{ type_decimal() }}) as due_units,
    cast(sum(planned) as {{ type_decimal() }}) as planned_units
  from scaled
  group by subscription_id, dimension, month
),

-- What a record adds or lacks against the plan of its hour, and why. A marketplace keeps what it accepted first, so what was
-- recorded only after the record was made cannot be in it.
results as (
  select
    results.*,
    {{ month_start('usage_date') }} as month,
    case when status = 'accepted' then quantity else 0 end - ours as deviation,
    case
      when result = 'missing' then case when is_window_open then 'timing' else 'expired' end
      when not is_settled then 'timing'
      when status = 'rejected' and coalesce(reason, '') = 'customer-not-entitled' then 'expired'
      when result = 'rejected' then 'rejected'
      when status = 'accepted' and last_recorded_at > created_at then 'correction'
      else 'unexplained'
    end as cause
  from {{ ref('int_marketplace_results') }} as results
),

deviations as (
  select
    subscription_id,
    dimension,
    month,
    sum(case when ours > 0 then 1 else 0 end) as hours_to_send,
    sum(case when status = 'accepted' then 1 else 0 end) as hours_accepted,
    sum(case when result = 'rejected' then 1 else 0 end) as hours_rejected,
    sum(case when result = 'missing' then 1 else 0 end) as hours_missing,
    cast(sum(case when status = 'accepted' then quantity else 0 end) as {{ type_decimal() }}) as accepted_units
    {%- for cause in causes %},
    cast(sum(case when cause = '{{ cause }}' then deviation else 0 end) as {{ type_decimal() }}) as {{ cause }}_units
    {%- endfor %}
  from results
  group by subscription_id, dimension, month
),

together as (
  select
    coalesce(planned.subscription_id, deviations.subscription_id) as subscription_id,
    coalesce(planned.dimension, deviations.dimension) as dimension,
    coalesce(planned.month, deviations.month) as month,
    coalesce(planned.due_units, 0) as due_units,
    coalesce(planned.planned_units, 0) as planned_units,
    coalesce(deviations.accepted_units, 0) as accepted_units
    {%- for count in ['to_send', 'accepted', 'rejected', 'missing'] %},
    coalesce(deviations.hours_{{ count }}, 0) as hours_{{ count }}
    {%- endfor %}
    {%- for cause in causes %},
    coalesce(deviations.{{ cause }}_units, 0) as {{ cause }}_units
    {%- endfor %}
  from planned
  full join deviations
    on planned.subscription_id = deviations.subscription_id
    and planned.dimension = deviations.dimension
    and planned.month = deviations.month
),

priced as (
  select
    together.*,
    prices.unit_price,
    prices.currency,
    {{ decimal_mul('together.due_units', 'prices.unit_price') }} as usage_amount,
    {{ decimal_mul('together.planned_units', 'prices.unit_price') }} as planned_amount
    {%- for cause in causes %},
    {{ decimal_mul('together.' ~ cause ~ '_units', 'prices.unit_price') }} as {{ cause }}_amount
    {%- endfor %}
  from together
  left join {{ ref('int_marketplace_prices') }} as prices
    on together.subscription_id = prices.subscription_id
    and together.dimension = prices.dimension
),

final as (
  select
    subscription_id,
    dimension,
    month,
    unit_price,
    currency,
    due_units,
    planned_units,
    accepted_units
    {%- for count in ['to_send', 'accepted', 'rejected', 'missing'] %},
    cast(hours_{{ count }} as {{ type_bigint() }}) as hours_{{ count }}
    {%- endfor %},
    usage_amount,
    cast(planned_amount - usage_amount as {{ type_decimal() }}) as rounding_amount
    {%- for cause in causes %},
    {{ cause }}_amount
    {%- endfor %},
    cast(planned_amount{% for cause in causes %} + {{ cause }}_amount{% endfor %} as {{ type_decimal() }}) as accepted_amount,
    -- Without a price only a month of nothing is known to cost nothing.
    unit_price is not null or (due_units = 0 and accepted_units = 0) as is_priced
  from priced
)

select * from final
