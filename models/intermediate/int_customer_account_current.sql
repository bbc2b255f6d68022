{{ config(materialized='view') }}

select
  matched.customer_id,
  matched.account_id,
  matched.matched_by,
  matched.conflict,
  matched.claiming_accounts,
  matched.named_account_id
from {{ ref('int_customer_account') }} as matched
inner join {{ ref('int_as_of_dates') }} as newest
  on newest.is_newest
  and matched.polaris_load_id = newest.polaris_load_id
  and matched.salesforce_load_id = newest.salesforce_load_id
