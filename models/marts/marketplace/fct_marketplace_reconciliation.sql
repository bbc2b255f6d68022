with newest as (
  select as_of_date from {{ ref('int_as_of_dates') }}
  where is_newest
),

subscription_accounts as (
  select accounts.*
  from {{ ref('int_subscription_accounts_as_of') }} as accounts
  inner join newest on accounts.as_of_date = newest.as_of_date
),

final as (
  select
    results.subscription_id,
    subscription_accounts.account_id,
    results.dimension,
    results.hour,
    results.usage_date,
    results.cloud,
    results.measured,
    results.committed,
    results.is_unlimited,
    results.commitment_source,
    results.due,
    results.scale,
    results.ours,
    results.usage_record_id,
    results.records,
    results.status,
    results.reason,
    results.quantity,
    results.created_at,
    results.difference,
    results.deadline_at,
    results.is_window_open,
    results.is_settled,
    results.result
  from {{ ref('int_marketplace_results') }} as results
  left join subscription_accounts on results.subscription_id = subscription_accounts.subscription_id
)

select * from final
