with source as (
  select * from {{ ref('seed_churn_policies') }}
),

final as (
  select
    version,
    cast(effective_from as date) as effective_from,
    cast(effective_to as date) as effective_to,
    cast(watch_from as {{ type_decimal() }}) as watch_from,
    cast(high_from as {{ type_decimal() }}) as high_from,
    cast(min_coverage as {{ type_decimal() }}) as min_coverage,
    cast(backtest_lead_days as {{ type_bigint() }}) as backtest_lead_days,
    cast(backtest_min_events as {{ type_bigint() }}) as backtest_min_events,
    prepared_by,
    approved_by
  from source
)

select * from final
