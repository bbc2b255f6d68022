{{ config(materialized='view') }}

-- Which subscription a cluster is billed to, in which hours, as known at the newest as-of date.
select
  links.cluster_id,
  links.customer_id,
  links.subscription_id,
  links.from_hour,
  links.to_hour
from {{ ref('int_cluster_subscriptions_as_of') }} as links
inner join {{ ref('int_as_of_dates') }} as newest
  on newest.is_newest
  and links.as_of_date = newest.as_of_date
