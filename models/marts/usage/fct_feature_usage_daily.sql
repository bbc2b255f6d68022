with features as (
  select * from {{ ref('stg_polaris__features') }}
  where operations > 0
),

newest as (
  select as_of_date from {{ ref('int_as_of_dates') }} where is_newest
),

-- One row per cluster-hour and feature, should a feed ever deliver an hour in parts.
hours as (
  select
    matched.account_id,
    features.feature,
    features.usage_date,
    features.cluster_id,
    features.hour,
    sum(features.operations) as operations,
    max(features.active_clients) as active_clients
  from features
  inner join newest on features.usage_date <= newest.as_of_date
  inner join {{ ref('int_customer_account_current') }} as matched
    on features.customer_id = matched.customer_id
    and matched.account_id is not null
  group by matched.account_id, features.feature, features.usage_date, features.cluster_id, features.hour
),

final as (
  select
    account_id,
    feature,
    usage_date,
    count(*) as active_hours,
    cast(sum(operations) as {{ type_bigint() }}) as operations,
    max(active_clients) as peak_active_clients
  from hours
  group by account_id, feature, usage_date
)

select * from final
