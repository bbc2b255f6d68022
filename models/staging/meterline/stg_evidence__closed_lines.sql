with source as (
  select * from {{ source('evidence', 'closed_lines') }}
),

final as (
  select
    line_id,
    line_type,
    account_id,
    customer_id,
    subscription_id,
    cloud,
    plan,
    dimension,
    unit,
    billing_period,
    billing_period_end,
    close_month,
    policy_id,
    policy_version,
    committed,
    is_unlimited,
    measured,
    included,
    burst,
    above,
    rate_burst,
    rate_above,
    factor_tier,
    factor_region,
    factor_edition,
    multiplier,
    amount,
    currency,
    service_period,
    posting_period,
    status,
    corrects_line_id,
    taken_from_hour,
    hours_expected,
    hours_metered,
    hours_estimated,
    hours_unmetered,
    hours_grace,
    first_hour,
    last_hour
  from source
)

select * from final
