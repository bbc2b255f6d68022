-- A finding was seen on the dates on which the snapshots of the sources show it. So its history follows from the snapshots
-- alone, however often and in whatever order the models were built.
with newest as (
  select as_of_date from {{ ref('int_as_of_dates') }}
  where is_newest
),

seen as (
  select
    rule_id,
    record_system,
    record_id,
    min(as_of_date) as first_seen,
    max(as_of_date) as last_seen,
    {{ last_by('detail', 'as_of_date') }} as detail
  from {{ ref('int_findings') }}
  group by rule_id, record_system, record_id
),

final as (
  select
    {{ surrogate_key(['seen.rule_id', 'seen.record_system', 'seen.record_id']) }} as finding_id,
    seen.rule_id,
    seen.record_system,
    rules.record_type,
    seen.record_id,
    rules.severity,
    rules.owner,
    seen.first_seen,
    seen.last_seen,
    case when seen.last_seen < newest.as_of_date then {{ date_add_days('seen.last_seen', 1) }} end as resolved_at,
    seen.detail,
    replace(replace(rules.sentence, '{record}', seen.record_id), '{detail}', seen.detail) as sentence,
    rules.fix,
    rules.version as rule_version
  from seen
  cross join newest
  inner join {{ ref('stg_policies__hygiene_rules') }} as rules on seen.rule_id = rules.rule_id
)

select * from final
