-- What the tables were last built from, all of them and to the end; no row before the first such build.
with last as (
  select max(build_id) as build_id from {{ ref('stg_ops__builds') }}
),

newest as (
  select as_of_date, polaris_load_id, salesforce_load_id from {{ ref('int_as_of_dates') }} where is_newest
),

final as (
  select
    builds.load_id,
    builds.tree_size,
    builds.as_of_date,
    built.polaris_load_id,
    built.salesforce_load_id,
    newest.as_of_date as newest_as_of_date,
    newest.polaris_load_id as newest_polaris_load_id,
    newest.salesforce_load_id as newest_salesforce_load_id
  from {{ ref('stg_ops__builds') }} as builds
  inner join last on builds.build_id = last.build_id
  inner join {{ ref('int_as_of_dates') }} as built on builds.as_of_date = built.as_of_date
  cross join newest
)

select * from final
