-- Invoices and disbursements of a subscription's month. They name the buyer and the product, which two terms may share: an
-- invoice belongs to the one in force in its month; of several, to the one whose expected amount is nearest.
with newest as (
  select tackle_load_id from {{ ref('int_as_of_dates') }}
  where is_newest
),

payments as (
  {%- for stream in ['invoices', 'disbursements'] %}
  select
    '{{ stream }}' as stream,
    cloud,
    invoice_id,
    cast(account_receivable_period || '-01' as date) as month,
    product,
    account_number,
    coalesce(seller_revenue, 0) as revenue,
    coalesce(marketplace_fee, 0) as marketplace_fee
  from ({{ current_state(ref('stg_tackle__' ~ stream), 'tackle') }}) as {{ stream }}
  {%- if not loop.last %}
  union all
  {%- endif %}
  {%- endfor %}
),

invoices as (
  select
    cloud,
    invoice_id,
    min(month) as month,
    min(product) as product,
    min(account_number) as account_number,
    coalesce(
      sum(case when stream = 'invoices' then revenue end), sum(case when stream = 'disbursements' then revenue end)
    ) as revenue
  from payments
  group by cloud, invoice_id
),

expected as (
  select
    subscription_id,
    month,
    sum(amount) as amount
  from (
    select
      subscription_id,
      month,
      coalesce(accepted_amount, 0) as amount
    from {{ ref('int_marketplace_months') }}
    union all
    select
      subscription_id,
      month,
      fee_amount as amount
    from {{ ref('int_marketplace_fees') }}
  ) as amounts
  group by subscription_id, month
),

candidates as (
  select
    invoices.cloud,
    invoices.invoice_id,
    subscriptions.subscription_id,
    row_number() over (
      partition by invoices.cloud, invoices.invoice_id
      order by
        case
          when subscriptions.from_hour < cast({{ date_add_months('invoices.month', 1) }} as timestamp)
            and cast(invoices.month as timestamp) < subscriptions.to_hour then 0
          else 1
        end,
        abs(invoices.revenue - coalesce(expected.amount, 0)),
        subscriptions.subscription_id
    ) as candidate_rank
  from invoices
  cross join newest
  inner join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on subscriptions.snapshot_load_id = newest.tackle_load_id
    and invoices.cloud = subscriptions.cloud
    and invoices.product = subscriptions.product_id
    and invoices.account_number = subscriptions.buyer_id
  left join expected
    on subscriptions.subscription_id = expected.subscription_id
    and invoices.month = expected.month
),

final as (
  select
    candidates.subscription_id,
    payments.month,
    payments.stream,
    count(*) as transactions,
    cast(sum(payments.revenue) as {{ type_decimal() }}) as revenue,
    cast(sum(payments.marketplace_fee) as {{ type_decimal() }}) as marketplace_fee
  from payments
  inner join candidates
    on payments.cloud = candidates.cloud
    and payments.invoice_id = candidates.invoice_id
    and candidates.candidate_rank = 1
  group by candidates.subscription_id, payments.month, payments.stream
)

select * from final
