with newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

options as (
  select * from {{ ref('stg_policies__pricing_options') }}
),

bands as (
  select * from {{ ref('int_pricing_bands') }}
),

commitments as (
  select * from {{ ref('int_pricing_commitments') }}
),

quantities as (
  select
    quantities.*,
    {{ pricing_product('quantity', 'rate', 'factor_tier', 'factor_region', 'factor_edition') }} as product
  from {{ ref('int_pricing_quantities') }} as quantities
),

-- An amount of pay_as_you_go, units of saas_units: exact until they are added up.
added as (
  select
    account_id,
    month,
    option_id,
    sum(product) as product
  from quantities
  group by account_id, month, option_id
),

coverage as (
  select
    account_id,
    {{ month_start('usage_date') }} as month,
    cast(sum(hours_expected) as {{ type_bigint() }}) as hours_expected,
    cast(sum(hours_observed_active + hours_observed_zero) as {{ type_bigint() }}) as hours_observed
  from {{ ref('fct_telemetry_coverage') }}
  where account_id is not null
  group by 1, 2
),

account_months as (
  select account_id, month from bands
  union distinct
  select account_id, month from commitments
  union distinct
  select account_id, month from added
),

joined as (
  select
    account_months.account_id,
    account_months.month,
    options.*,
    bands.measured,
    bands.included,
    bands.burst,
    bands.above,
    added.product,
    commitments.committed,
    coalesce(bands.is_unlimited, false) or coalesce(commitments.is_unlimited, false) as is_unlimited,
    case when options.kind = 'saas_units' then {{ pricing_rounded('added.product', "'half_even'", 9) }} end as units
  from account_months
  cross join options
  left join bands
    on account_months.account_id = bands.account_id
    and account_months.month = bands.month
    and options.option_id = bands.option_id
  left join commitments
    on account_months.account_id = commitments.account_id
    and account_months.month = commitments.month
    and options.dimension = commitments.dimension
  left join added
    on account_months.account_id = added.account_id
    and account_months.month = added.month
    and options.option_id = added.option_id
),

products as (
  select
    joined.*,
    case
      when kind = 'fixed_overage' then {{ pricing_product('committed', 'rate_committed') }}
    end as base_product,
    case kind
      when 'fixed_overage' then {{ pricing_product('burst', 'rate_burst') }} + {{ pricing_product('above', 'rate_above') }}
      when 'saas_units' then {{ pricing_product('units', 'unit_price') }}
      else product
    end as usage_product
  from joined
),

priced as (
  select
    products.*,
    -- Nothing was read is not the same as nothing was used.
    case
      when kind = 'fixed_overage' and is_unlimited then 'unlimited'
      when kind = 'fixed_overage' and committed is null then 'no_commitment'
      when usage_product is null then 'no_reading'
    end as amount_reason,
    {{ pricing_rounded('base_product', 'rounding_mode', 'rounding_scale') }} as base_amount,
    {{ pricing_rounded('usage_product', 'rounding_mode', 'rounding_scale') }} as usage_amount
  from products
),

final as (
  select
    priced.account_id,
    priced.month,
    priced.option_id,
    priced.version as option_version,
    priced.kind,
    priced.dimension,
    case when not priced.is_unlimited then priced.committed end as committed,
    priced.measured,
    priced.included,
    priced.burst,
    priced.above,
    priced.units,
    case when priced.amount_reason is null and priced.kind = 'fixed_overage' then priced.base_amount end as base_amount,
    case when priced.amount_reason is null then priced.usage_amount end as usage_amount,
    case
      when priced.amount_reason is null
        then cast(case when priced.kind = 'fixed_overage' then priced.base_amount else 0 end + priced.usage_amount as {{ type_decimal() }})
    end as amount,
    priced.amount_reason,
    priced.currency,
    coalesce(coverage.hours_expected, 0) as hours_expected,
    coalesce(coverage.hours_observed, 0) as hours_observed,
    least({{ date_add_days(date_add_months('priced.month', 1), -1) }}, newest.as_of_date) as through_date
  from priced
  cross join newest
  left join coverage
    on priced.account_id = coverage.account_id
    and priced.month = coverage.month
)

select * from final
