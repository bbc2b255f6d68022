-- To which account a cluster belonged, as known at each as-of date; neighbouring dates that agree are one stretch.
with known as (
  select
    dates.as_of_date,
    clusters.cluster_id,
    clusters.cloud,
    clusters.customer_id,
    customer_account.account_id
  from {{ ref('int_as_of_dates') }} as dates
  inner join {{ ref('int_polaris__clusters_at_snapshot') }} as clusters
    on dates.polaris_load_id = clusters.snapshot_load_id
  inner join {{ ref('int_customer_account') }} as customer_account
    on dates.polaris_load_id = customer_account.polaris_load_id
    and dates.salesforce_load_id = customer_account.salesforce_load_id
    and clusters.customer_id = customer_account.customer_id
  where customer_account.account_id is not null
),

numbered as (
  select
    known.*,
    {{ date_add_days('as_of_date', '-row_number() over (partition by cluster_id, cloud, customer_id, account_id order by as_of_date)') }} as island
  from known
),

final as (
  select
    cluster_id,
    cloud,
    customer_id,
    account_id,
    min(as_of_date) as valid_from_as_of,
    {{ date_add_days('max(as_of_date)', 1) }} as valid_to_as_of
  from numbered
  group by cluster_id, cloud, customer_id, account_id, island
)

select * from final
