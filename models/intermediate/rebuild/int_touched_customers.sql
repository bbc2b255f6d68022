-- Customers that belong to another account now than when the tables were last built.
with last as (
  select * from {{ ref('int_last_build') }}
),

built as (
  select
    mapped.customer_id,
    mapped.account_id
  from {{ ref('int_customer_account') }} as mapped
  inner join last
    on mapped.polaris_load_id = last.polaris_load_id
    and mapped.salesforce_load_id = last.salesforce_load_id
),

final as (
  select coalesce(built.customer_id, mapped.customer_id) as customer_id
  from built
  full join (
    select mapped.customer_id, mapped.account_id
    from {{ ref('int_customer_account_current') }} as mapped
    cross join last
  ) as mapped on built.customer_id = mapped.customer_id
  where coalesce(built.account_id, '') <> coalesce(mapped.account_id, '')
)

select * from final
