-- The fixed part of private offers: a month's share of a contract's value, by days, rounded to cents. A public offer's
-- value is an estimate that nobody is charged.
with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

contracts as (
  {{ current_state(ref('stg_tackle__contracts'), 'tackle') }}
),

terms as (
  select
    terms.subscription_id,
    cast(terms.starts_at as date) as start_date,
    cast(terms.stated_ends_at as date) as stated_end_date,
    cast({{ least_known('terms.ends_at', 'terms.stated_ends_at') }} as date) as end_date,
    contracts.total_contract_value,
    contracts.total_contract_value_currency as currency
  from {{ ref('int_contract_terms_at_snapshot') }} as terms
  inner join newest on terms.snapshot_load_id = newest.tackle_load_id
  inner join contracts on terms.contract_id = contracts.contract_id
  where
    terms.subscription_id is not null
    and terms.starts_at < terms.stated_ends_at
    and contracts.offer_type = 'private'
    and contracts.pricing_model in ('Contract only', 'Contract + usage')
    and contracts.total_contract_value is not null
),

months as (
  select distinct {{ month_start('cast(date_day as date)') }} as month
  from (
    select
      min(terms.start_date) as first_date,
      max(newest.as_of_date) as last_date
    from terms
    cross join newest
  ) as bounds, {{ date_spine('bounds.first_date', 'bounds.last_date', 'date_day') }}
),

shares as (
  select
    terms.subscription_id,
    terms.currency,
    terms.total_contract_value,
    months.month,
    {{ date_diff_days(
      'greatest(terms.start_date, months.month)', 'least(terms.end_date, ' ~ date_add_months('months.month', 1) ~ ')'
    ) }} as days,
    {{ date_diff_days('terms.start_date', 'terms.stated_end_date') }} as term_days
  from terms
  inner join months
    on terms.start_date < {{ date_add_months('months.month', 1) }}
    and months.month < terms.end_date
),

valued as (
  select
    shares.*,
    cast(total_contract_value * days as {{ type_decimal() }}) as value_days
  from shares
  where days > 0 and term_days > 0
),

rounded as (
  select
    valued.*,
    {{ decimal_div('value_days', 'term_days', 2) }} as amount
  from valued
),

final as (
  select
    subscription_id,
    month,
    min(currency) as currency,
    cast(sum(amount) as {{ type_decimal() }}) as fee_amount,
    count(*) as contracts
  from rounded
  group by subscription_id, month
)

select * from final
