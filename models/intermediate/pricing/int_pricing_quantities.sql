-- What pay_as_you_go and saas_units options rate: quantities of a month by dimension, with the factors of the option.
with newest as (
  select coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

rates as (
  select * from {{ ref('stg_policies__pricing_rates') }}
),

dimensions as (
  select distinct dimension from rates
),

multipliers as (
  select * from {{ ref('stg_policies__pricing_multipliers') }}
),

added as (
  select
    usage.account_id,
    {{ month_start('usage.usage_date') }} as month,
    usage.dimension,
    usage.subscription_id,
    usage.region,
    sum(usage.quantity) as quantity
  from {{ ref('fct_usage_hourly') }} as usage
  inner join dimensions on usage.dimension = dimensions.dimension
  where usage.account_id is not null
  group by 1, 2, 3, 4, 5
),

attributed as (
  select
    added.*,
    subscriptions.tier,
    subscriptions.edition
  from added
  cross join newest
  left join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on subscriptions.snapshot_load_id = newest.tackle_load_id
    and added.subscription_id = subscriptions.subscription_id
),

final as (
  select
    attributed.account_id,
    attributed.month,
    rates.option_id,
    attributed.dimension,
    cast(sum(attributed.quantity) as {{ type_decimal() }}) as quantity,
    rates.rate,
    coalesce(tiers.factor, 1) as factor_tier,
    coalesce(regions.factor, 1) as factor_region,
    coalesce(editions.factor, 1) as factor_edition
  from attributed
  inner join rates on attributed.dimension = rates.dimension
  {% for plural, attribute in [('tiers', 'tier'), ('regions', 'region'), ('editions', 'edition')] -%}
  left join multipliers as {{ plural }}
    on {{ plural }}.attribute = '{{ attribute }}'
    and rates.option_id = {{ plural }}.option_id
    and rates.dimension = {{ plural }}.dimension
    and attributed.{{ attribute }} = {{ plural }}.value
  {% endfor %}
  group by 1, 2, 3, 4, 6, 7, 8, 9
)

select * from final
