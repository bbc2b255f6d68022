-- The multipliers of each line: tier and edition by the subscription's plan, region by its clusters.
with newest as (
  select coalesce(tackle_load_id, 0) as tackle_load_id
  from {{ ref('int_as_of_dates') }}
  where is_newest
),

multipliers as (
  select * from {{ ref('stg_policies__overage_multipliers') }}
),

regions as (
  select distinct
    subscription_id,
    policy_id,
    policy_version,
    region
  from {{ ref('int_overage_cluster_hours') }}
  where region is not null
),

region_factors as (
  select
    regions.subscription_id,
    regions.policy_id,
    regions.policy_version,
    count(distinct coalesce(multipliers.factor, 1)) as distinct_factors,
    max(coalesce(multipliers.factor, 1)) as factor
  from regions
  left join multipliers
    on regions.policy_id = multipliers.policy_id
    and regions.policy_version = multipliers.version
    and multipliers.attribute = 'region'
    and regions.region = multipliers.value
  group by regions.subscription_id, regions.policy_id, regions.policy_version
),

rated as (
  select distinct
    subscription_id,
    policy_id,
    policy_version
  from {{ ref('int_overage_cluster_hours') }}
),

factors as (
  select
    rated.subscription_id,
    rated.policy_id,
    rated.policy_version,
    coalesce(tiers.factor, 1) as factor_tier,
    coalesce(editions.factor, 1) as factor_edition,
    case
      when region_factors.distinct_factors > 1 then {{ raise_error(
        "'overage: subscription ' || rated.subscription_id || ': got clusters in regions with different factors under '"
        ~ " || rated.policy_id || '@' || rated.policy_version || ', want one factor; give its regions the same factor'"
      ) }}
      else coalesce(region_factors.factor, 1)
    end as factor_region
  from rated
  cross join newest
  inner join {{ ref('int_subscriptions_at_snapshot') }} as subscriptions
    on rated.subscription_id = subscriptions.subscription_id
    and subscriptions.snapshot_load_id = newest.tackle_load_id
  left join region_factors
    on rated.subscription_id = region_factors.subscription_id
    and rated.policy_id = region_factors.policy_id
    and rated.policy_version = region_factors.policy_version
  left join multipliers as tiers
    on rated.policy_id = tiers.policy_id
    and rated.policy_version = tiers.version
    and tiers.attribute = 'tier'
    and subscriptions.tier = tiers.value
  left join multipliers as editions
    on rated.policy_id = editions.policy_id
    and rated.policy_version = editions.version
    and editions.attribute = 'edition'
    and subscriptions.edition = editions.value
),

final as (
  select
    subscription_id,
    policy_id,
    policy_version,
    {{ fits(
      'factor_tier',
      "cast(factor_tier as " ~ type_double() ~ ") * cast(factor_region as " ~ type_double() ~ ") * cast(factor_edition as " ~ type_double() ~ ") >= 1e15",
      "'overage: multipliers of ' || subscription_id || ' under ' || policy_id || '@' || policy_version || ': got '"
      ~ " || cast(factor_tier as " ~ type_text() ~ ") || ' x ' || cast(factor_region as " ~ type_text() ~ ") || ' x ' || cast(factor_edition as "
      ~ type_text() ~ ") || ', want less than 1e15, which stays exact; correct the policy'",
      type_decimal()
    ) }} as factor_tier,
    factor_edition,
    factor_region
  from factors
)

select * from final
