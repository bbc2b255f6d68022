with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

commitments as (
  select commitments.*
  from {{ ref('int_commitments_at_snapshot') }} as commitments
  inner join newest on commitments.snapshot_load_id = coalesce(newest.tackle_load_id, 0)
),

subscription_accounts as (
  select accounts.*
  from {{ ref('int_subscription_accounts_as_of') }} as accounts
  inner join newest on accounts.as_of_date = newest.as_of_date
),

units as (
  {{ current_state(ref('stg_polaris__dimensions'), 'polaris') }}
),

final as (
  select
    {{ surrogate_key(['commitments.subscription_id', 'commitments.dimension', 'commitments.source_id', timestamp_diff_hours(beginning_of_time(), 'commitments.from_hour')]) }} as commitment_id,
    commitments.subscription_id,
    subscription_accounts.account_id,
    commitments.dimension,
    units.unit,
    case when commitments.from_hour > {{ beginning_of_time() }} then commitments.from_hour end as from_hour,
    case when commitments.to_hour < {{ end_of_time() }} then commitments.to_hour end as to_hour,
    commitments.quantity,
    commitments.is_unlimited,
    commitments.commitment_source,
    commitments.source_id
  from commitments
  left join subscription_accounts on commitments.subscription_id = subscription_accounts.subscription_id
  left join units on commitments.dimension = units.dimension
)

select * from final
