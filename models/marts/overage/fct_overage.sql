-- What a close froze stays as it is. A line of a month that is not closed accrues. What the truth of a closed line differs by is
-- an adjustment in the earliest later month that is open: the difference to all that is frozen of the line, so that all its
-- lines add up to the truth (the amount is rounded once, over the whole). With the next close the adjustment is frozen, too.
with truth as (
  select * from {{ ref('int_overage_lines') }}
),

frozen as (
  select
    closed_lines.*,
    coalesce(corrects_line_id, line_id) as origin_line_id
  from {{ ref('stg_evidence__closed_lines') }} as closed_lines
),

closes as (
  select month from {{ ref('stg_evidence__period_closes') }}
),

{% set summed = ['committed', 'measured', 'included', 'burst', 'above', 'amount', 'hours_expected', 'hours_metered', 'hours_estimated', 'hours_unmetered', 'hours_grace'] -%}
frozen_sums as (
  select
    origin_line_id,
    min(close_month) as close_month,
    {% for column in summed -%}
    sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from frozen
  group by origin_line_id
),

{% set described = [
  'account_id', 'customer_id', 'subscription_id', 'cloud', 'plan', 'dimension', 'unit', 'billing_period', 'billing_period_end',
  'policy_id', 'policy_version', 'is_unlimited', 'rate_burst', 'rate_above', 'factor_tier', 'factor_region', 'factor_edition',
  'multiplier', 'currency', 'taken_from_hour', 'first_hour', 'last_hour'
] -%}
-- A line that is frozen and no longer arises has a truth of nothing.
vanished as (
  select
    frozen.*,
    row_number() over (partition by frozen.origin_line_id order by frozen.close_month, frozen.line_id) as freeze_rank
  from frozen
  left join truth on frozen.origin_line_id = truth.line_id
  where truth.line_id is null
),

known as (
  select
    line_id,
    line_type,
    close_month,
    {{ described | join(', ') }},
    {{ summed | join(', ') }}
  from truth
  union all
  select
    origin_line_id as line_id,
    line_type,
    close_month,
    {{ described | join(', ') }},
    {% for column in summed -%}
    null as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
  from vanished
  where freeze_rank = 1
),

compared as (
  select
    known.*,
    closes.month is null and frozen_sums.origin_line_id is null as is_accruing,
    coalesce(frozen_sums.close_month, known.close_month) as closed_with,
    {% for column in summed -%}
    case
      when known.{{ column }} is not null or frozen_sums.{{ column }} is not null
        then coalesce(known.{{ column }}, 0) - coalesce(frozen_sums.{{ column }}, 0)
    end as {{ column }}_difference{{ ',' if not loop.last }}
    {% endfor %}
  from known
  left join frozen_sums on known.line_id = frozen_sums.origin_line_id
  left join closes on known.close_month = closes.month
),

next_months as (
  select {{ date_add_months('month', 1) }} as month from closes
),

open_months as (
  select next_months.month from next_months
  left join closes on next_months.month = closes.month
  where closes.month is null
),

adjusted as (
  select
    compared.line_id,
    min(open_months.month) as posting_period
  from compared
  inner join open_months on open_months.month > compared.closed_with
  where
    not compared.is_accruing
    and ({% for column in summed %}compared.{{ column }}_difference <> 0{{ ' or ' if not loop.last }}{% endfor %})
  group by compared.line_id
),

final as (
  select
    line_id,
    line_type,
    {{ described | join(', ') }},
    {{ summed | join(', ') }},
    close_month,
    service_period,
    posting_period,
    status,
    corrects_line_id
  from frozen
  union all
  select
    line_id,
    line_type,
    {{ described | join(', ') }},
    {{ summed | join(', ') }},
    close_month,
    billing_period as service_period,
    billing_period as posting_period,
    'accruing' as status,
    null as corrects_line_id
  from compared
  where is_accruing
  union all
  select
    {{ surrogate_key(["'adjustment'", 'compared.line_id', 'adjusted.posting_period']) }} as line_id,
    'adjustment' as line_type,
    {{ described | join(', ') }},
    {% for column in summed -%}
    cast(compared.{{ column }}_difference as {{ type_bigint() if column.startswith('hours') else type_decimal() }}) as {{ column }},
    {% endfor -%}
    adjusted.posting_period as close_month,
    compared.billing_period as service_period,
    adjusted.posting_period,
    'adjustment' as status,
    compared.line_id as corrects_line_id
  from compared
  inner join adjusted on compared.line_id = adjusted.line_id
)

select * from final
