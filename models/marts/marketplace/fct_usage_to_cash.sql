{% set causes = ['timing', 'rounding', 'rejected', 'expired', 'correction', 'unexplained'] -%}
with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

subscriptions as (
  select subscriptions.*
  from {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
  inner join newest on subscriptions.snapshot_load_id = newest.tackle_load_id
),

subscription_accounts as (
  select accounts.*
  from {{ ref('int_subscription_accounts_as_of') }} as accounts
  inner join newest on accounts.as_of_date = newest.as_of_date
),

metered as (
  select
    subscription_id,
    month,
    min(currency) as currency,
    max(currency) as last_currency,
    min(case when is_priced then 1 else 0 end) = 1 as is_priced,
    sum(hours_to_send) as hours_to_send,
    sum(hours_accepted) as hours_accepted,
    sum(hours_rejected) as hours_rejected,
    sum(hours_missing) as hours_missing,
    sum(coalesce(usage_amount, 0)) as usage_amount,
    sum(coalesce(accepted_amount, 0)) as accepted_amount
    {%- for cause in causes %},
    sum(coalesce({{ cause }}_amount, 0)) as {{ cause }}_amount
    {%- endfor %}
  from {{ ref('int_marketplace_months') }}
  group by subscription_id, month
),

-- Lines of overage, by the month of use. A dimension without a policy is rated as the marketplace prices it.
lines as (
  select
    subscription_id,
    dimension,
    {{ month_start('service_period') }} as month,
    count(*) as lines,
    min(currency) as currency,
    max(currency) as last_currency,
    sum(amount) as amount,
    sum(case when line_type = 'adjustment' then amount else 0 end) as adjustments
  from {{ ref('fct_overage') }}
  group by 1, 2, 3
),

rated as (
  select
    coalesce(months.subscription_id, lines.subscription_id) as subscription_id,
    coalesce(months.month, lines.month) as month,
    min(lines.currency) as currency,
    max(lines.last_currency) as last_currency,
    sum(coalesce(lines.lines, 0)) as lines,
    sum(coalesce(lines.adjustments, 0)) as adjustments,
    sum(coalesce(lines.amount, months.usage_amount, 0)) as amount,
    min(case when lines.amount is null and not months.is_priced then 0 else 1 end) = 1 as is_known
  from {{ ref('int_marketplace_months') }} as months
  full join lines
    on months.subscription_id = lines.subscription_id
    and months.dimension = lines.dimension
    and months.month = lines.month
  group by 1, 2
),

{% for stream in ['invoices', 'disbursements'] -%}
{{ stream }} as (
  select * from {{ ref('int_marketplace_money') }}
  where stream = '{{ stream }}'
),

{% endfor -%}
keys as (
  select subscription_id, month from metered
  union distinct
  select subscription_id, month from rated
  union distinct
  select subscription_id, month from invoices
  union distinct
  select subscription_id, month from disbursements
),

-- A month before the first reading has money and no usage that is known.
bounds as (
  select {{ month_start('min(as_of_date)') }} as first_month from {{ ref('int_as_of_dates') }}
),

staged as (
  select
    keys.subscription_id,
    keys.month,
    coalesce(metered.currency, rated.currency, fees.currency) as currency,
    -- Amounts of two currencies are neither added up nor compared.
    {% for pair in [
      ('metered.currency', 'metered.last_currency'), ('rated.currency', 'rated.last_currency'), ('metered.currency', 'rated.currency'),
      ('metered.currency', 'fees.currency'), ('rated.currency', 'fees.currency')
    ] -%}
    coalesce({{ pair[0] }} <> {{ pair[1] }}, false){{ ' as currencies_differ,' if loop.last else ' or' }}
    {% endfor -%}
    keys.month >= bounds.first_month as has_usage,
    coalesce(metered.is_priced, true) as is_priced,
    coalesce(metered.hours_to_send, 0) as hours_to_send,
    coalesce(metered.hours_accepted, 0) as hours_accepted,
    coalesce(metered.hours_rejected, 0) as hours_rejected,
    coalesce(metered.hours_missing, 0) as hours_missing,
    coalesce(metered.usage_amount, 0) as usage_amount,
    coalesce(metered.accepted_amount, 0) as accepted_amount
    {%- for cause in causes %},
    coalesce(metered.{{ cause }}_amount, 0) as {{ cause }}_amount
    {%- endfor %},
    coalesce(rated.lines, 0) as lines,
    coalesce(rated.adjustments, 0) as adjustments,
    case when coalesce(rated.is_known, true) then coalesce(rated.amount, 0) end as rated_amount,
    coalesce(fees.fee_amount, 0) as fee_amount,
    coalesce(fees.contracts, 0) as contracts,
    invoices.transactions as invoiced_transactions,
    invoices.revenue as invoiced_amount,
    invoices.marketplace_fee,
    invoices.revenue - invoices.marketplace_fee as invoiced_net_amount,
    disbursements.transactions as disbursed_transactions,
    disbursements.revenue - disbursements.marketplace_fee as disbursed_amount,
    newest.as_of_date >= {{ date_add_days(date_add_months('keys.month', 1), var('invoice_days')) }} as is_invoice_due,
    newest.as_of_date >= {{ date_add_days(date_add_months('keys.month', 1), var('disbursement_days')) }} as is_disbursement_due
  from keys
  cross join newest
  cross join bounds
  left join metered on keys.subscription_id = metered.subscription_id and keys.month = metered.month
  left join rated on keys.subscription_id = rated.subscription_id and keys.month = rated.month
  left join {{ ref('int_marketplace_fees') }} as fees on keys.subscription_id = fees.subscription_id and keys.month = fees.month
  left join invoices on keys.subscription_id = invoices.subscription_id and keys.month = invoices.month
  left join disbursements on keys.subscription_id = disbursements.subscription_id and keys.month = disbursements.month
),

known as (
  select
    staged.*,
    case
      when not has_usage then 'before_first_reading'
      when currencies_differ then 'currencies_differ'
      when not is_priced then 'no_unit_price'
    end as amount_reason
  from staged
),

differences as (
  select
    known.*,
    case when amount_reason is null then rated_amount - usage_amount end as rated_difference,
    case when amount_reason is null then accepted_amount - rated_amount end as accepted_difference,
    case when amount_reason is null then coalesce(invoiced_amount, 0) - accepted_amount - fee_amount end as invoiced_difference,
    coalesce(disbursed_amount, 0) - coalesce(invoiced_net_amount, 0) as disbursed_difference
  from known
),

-- A line, a share of a fee and a transaction are each rounded to cents once.
typed as (
  select
    differences.*,
    case
      when rated_difference is null or rated_difference = 0 then null
      when abs(rated_difference) <= lines * 0.005 then 'rounding'
      when adjustments <> 0 and abs(rated_difference - adjustments) <= lines * 0.005 then 'correction'
      else 'unexplained'
    end as rated_difference_type,
    case
      when invoiced_difference is null or invoiced_difference = 0 then null
      when invoiced_amount is null and not is_invoice_due then 'timing'
      when abs(invoiced_difference) <= 0.01 * (coalesce(invoiced_transactions, 0) + contracts) then 'rounding'
      else 'unexplained'
    end as invoiced_difference_type,
    case
      when disbursed_difference = 0 then null
      when disbursed_amount is null and not is_disbursement_due then 'timing'
      when abs(disbursed_difference) <= 0.01 * greatest(coalesce(invoiced_transactions, 0), coalesce(disbursed_transactions, 0)) then 'rounding'
      else 'unexplained'
    end as disbursed_difference_type
  from differences
),

final as (
  select
    typed.subscription_id,
    subscription_accounts.account_id,
    subscriptions.cloud,
    typed.month,
    case when not typed.currencies_differ then typed.currency end as currency,
    cast(typed.hours_to_send as {{ type_bigint() }}) as hours_to_send,
    cast(typed.hours_accepted as {{ type_bigint() }}) as hours_accepted,
    cast(typed.hours_rejected as {{ type_bigint() }}) as hours_rejected,
    cast(typed.hours_missing as {{ type_bigint() }}) as hours_missing,
    cast(case when typed.amount_reason is null then typed.usage_amount end as {{ type_decimal() }}) as usage_amount,
    cast(case when typed.has_usage and not typed.currencies_differ then typed.rated_amount end as {{ type_decimal() }}) as rated_amount,
    cast(case when typed.amount_reason is null then typed.accepted_amount end as {{ type_decimal() }}) as accepted_amount,
    typed.amount_reason,
    cast(typed.fee_amount as {{ type_decimal() }}) as fee_amount,
    cast(typed.invoiced_amount as {{ type_decimal() }}) as invoiced_amount,
    cast(typed.marketplace_fee as {{ type_decimal() }}) as marketplace_fee,
    cast(typed.disbursed_amount as {{ type_decimal() }}) as disbursed_amount,
    cast(typed.rated_difference as {{ type_decimal() }}) as rated_difference,
    typed.rated_difference_type,
    -- Its parts: by what the rating differs from the usage at the marketplace's price, what was accepted differs from it, too.
    cast(typed.accepted_difference as {{ type_decimal() }}) as accepted_difference
    {%- for cause in causes %},
    cast(case when typed.amount_reason is null then
      typed.{{ cause }}_amount - case when coalesce(typed.rated_difference_type, '') = '{{ cause }}' then typed.rated_difference else 0 end
    end as {{ type_decimal() }}) as accepted_{{ cause }}
    {%- endfor %},
    cast(typed.invoiced_difference as {{ type_decimal() }}) as invoiced_difference,
    typed.invoiced_difference_type,
    cast(typed.disbursed_difference as {{ type_decimal() }}) as disbursed_difference,
    typed.disbursed_difference_type
  from typed
  left join subscriptions on typed.subscription_id = subscriptions.subscription_id
  left join subscription_accounts on typed.subscription_id = subscription_accounts.subscription_id
)

select * from final
