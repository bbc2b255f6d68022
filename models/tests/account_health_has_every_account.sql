-- The first screen neither drops nor doubles an account.
select coalesce(accounts.account_id, health.account_id) as account_id
from {{ ref('dim_account') }} as accounts
full outer join {{ ref('mart_account_health') }} as health on accounts.account_id = health.account_id
where accounts.account_id is null or health.account_id is null
