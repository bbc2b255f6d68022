-- What the tables were last built from, all of them and to the end. Before the first such build that is nothing: then
-- everything is touched.
with newest as (
  select as_of_date, polaris_load_id, salesforce_load_id from {{ ref('int_as_of_dates') }} where is_newest
),

first_date as (
  select min(as_of_date) as as_of_date from {{ ref('int_as_of_dates') }}
),

-- One row, of nulls where there was no build.
last as (
  select
    max(builds.load_id) as load_id,
    max(builds.tree_size) as tree_size,
    max(builds.as_of_date) as as_of_date
  from {{ ref('stg_ops__builds') }} as builds
  inner join (
    select max(build_id) as build_id from {{ ref('stg_ops__builds') }}
  ) as newest_build on builds.build_id = newest_build.build_id
),

final as (
  select
    coalesce(last.load_id, 0) as load_id,
    coalesce(last.tree_size, 0) as tree_size,
    coalesce(last.as_of_date, {{ date_add_days('first_date.as_of_date', -1) }}) as as_of_date,
    built.polaris_load_id,
    built.salesforce_load_id,
    newest.as_of_date as newest_as_of_date,
    newest.polaris_load_id as newest_polaris_load_id,
    newest.salesforce_load_id as newest_salesforce_load_id
  from newest
  cross join first_date
  cross join last
  left join {{ ref('int_as_of_dates') }} as built on last.as_of_date = built.as_of_date
)

select * from final
