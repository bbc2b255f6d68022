{{ config(materialized='view') }}

select
  cluster_id,
  hour,
  usage_date,
  state,
  state in ('observed_active', 'observed_zero') as is_observed,
  capacity_used_tib,
  capacity_provisioned_tib
from {{ ref('int_cluster_hour_versions') }}
where valid_to_as_of = {{ open_date() }}
