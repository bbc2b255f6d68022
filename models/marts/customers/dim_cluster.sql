with clusters as (
  {{ current_state(ref('stg_polaris__clusters'), 'polaris') }}
),

newest as (
  select cut_off_at from {{ ref('int_as_of_dates') }} where is_newest
),

observed as (
  select
    cluster_id,
    min(case when is_observed then hour end) as first_observed_hour,
    max(case when is_observed then hour end) as last_observed_hour
  from {{ ref('int_cluster_hours') }}
  group by cluster_id
),

-- A termination after the cut-off is not known yet.
terms as (
  select
    clusters.*,
    case when clusters.terminated_at <= newest.cut_off_at then clusters.terminated_at end as known_terminated_at
  from clusters
  cross join newest
),

final as (
  select
    terms.cluster_id,
    terms.customer_id,
    matched.account_id,
    terms.subscription_id,
    terms.cloud,
    terms.region,
    terms.provisioned_tib,
    terms.created_at,
    terms.known_terminated_at as terminated_at,
    terms.known_terminated_at is null as is_live,
    observed.first_observed_hour,
    observed.last_observed_hour
  from terms
  left join {{ ref('int_customer_account_current') }} as matched on terms.customer_id = matched.customer_id
  left join observed on terms.cluster_id = observed.cluster_id
)

select * from final
