-- What an account had committed to in a month, in unit-hours: paid whether used or not, so it counts the hours of the term and
-- not the readings. Only hours that the feed covers, so that the same time is compared.
with newest as (
  select
    as_of_date,
    coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

dimensions as (
  select distinct dimension from {{ ref('stg_policies__pricing_options') }}
  where kind = 'fixed_overage'
),

-- One date per day of the feed.
months as (
  select distinct {{ month_start('as_of_date') }} as month
  from {{ ref('int_as_of_dates') }}
),

feed as (
  select min(hour) as first_hour
  from {{ ref('fct_usage_hourly') }}
),

terms as (
  select
    accounts.account_id,
    commitments.dimension,
    months.month,
    commitments.quantity,
    commitments.is_unlimited,
    greatest(
      commitments.from_hour,
      cast(months.month as timestamp),
      coalesce(feed.first_hour, cast(months.month as timestamp))
    ) as from_hour,
    least(
      commitments.to_hour,
      cast({{ date_add_months('months.month', 1) }} as timestamp),
      cast({{ date_add_days('newest.as_of_date', 1) }} as timestamp)
    ) as to_hour
  from {{ ref('int_commitments_at_snapshot') }} as commitments
  inner join newest on commitments.snapshot_load_id = newest.tackle_load_id
  inner join dimensions on commitments.dimension = dimensions.dimension
  inner join {{ ref('int_subscription_accounts_as_of') }} as accounts
    on newest.as_of_date = accounts.as_of_date
    and commitments.subscription_id = accounts.subscription_id
  cross join months
  cross join feed
  where accounts.account_id is not null
),

hours as (
  select
    terms.*,
    {{ timestamp_diff_hours('from_hour', 'to_hour') }} as term_hours
  from terms
  where from_hour < to_hour
),

products as (
  select
    hours.*,
    {{ decimal_mul('quantity', 'term_hours') }} as quantity_hours
  from hours
),

final as (
  select
    account_id,
    dimension,
    month,
    cast(sum(quantity_hours) as {{ type_decimal() }}) as committed,
    max(case when is_unlimited then 1 else 0 end) = 1 as is_unlimited
  from products
  group by account_id, dimension, month
)

select * from final
