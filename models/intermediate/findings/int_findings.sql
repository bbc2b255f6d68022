-- Every broken rule of every date, as far as its rule is switched on in the policy.
with broken as (
  {%- for subject in ['accounts', 'offers', 'entitlements', 'readings'] %}
  select
    as_of_date,
    rule_id,
    cast(null as {{ type_text() }}) as record_system,
    record_id,
    detail
  from {{ ref('int_findings_' ~ subject) }}
  union all
  {%- endfor %}
  select
    as_of_date,
    rule_id,
    record_system,
    record_id,
    detail
  from {{ ref('int_findings_sales') }}
),

final as (
  select
    broken.as_of_date,
    broken.rule_id,
    coalesce(broken.record_system, rules.record_system) as record_system,
    broken.record_id,
    coalesce(broken.detail, 'no detail') as detail
  from broken
  inner join {{ ref('stg_policies__hygiene_rules') }} as rules on broken.rule_id = rules.rule_id
)

select * from final
