{#- Incremental models rebuild whole pieces: the rows of what was touched are deleted and made anew in one transaction, so that
    rows which no longer arise go. `meta.rebuilt` names the piece: 'days' (usage_date), 'usage' (those, and all days of
    customers that changed their account) or 'as_of_dates'. -#}
{% macro is_touched(piece, alias) -%}
  {%- for column, model in touched_by(piece) -%}
    {{ 'or ' if not loop.first }}{{ alias }}.{{ column }} in (select {{ column }} from {{ ref(model) }}){{ ' ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{#- The same for a table with all readings: bounds that are known when the statement is written let DuckDB leave out what it holds
    outside of them. A night's days are the newest ones; what came late is the rest of `is_touched`. -#}
{% macro is_touched_reading(piece, alias) -%}
  ({{ is_touched(piece, alias) }})
  {%- if target.type == 'duckdb' -%}
    {%- set others -%}
      {%- for column, model in touched_by(piece) if column != 'usage_date' %} + (select count(*) from {{ ref(model) }}){% endfor -%}
    {%- endset -%}
    {%- set bounds = run_query(
      "select cast(min(usage_date) as varchar), cast(max(usage_date) + 1 as varchar), 0" ~ others ~ " from " ~ ref('int_touched_days')
    ).rows[0] -%}
    {%- if bounds[2] == 0 and bounds[0] is none %} and false
    {%- elif bounds[2] == 0 %} and {{ alias }}.hour >= timestamp '{{ bounds[0] }}' and {{ alias }}.hour < timestamp '{{ bounds[1] }}'
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}

{#- At the top of a model that uses `is_touched`: dbt reads a model first as if it were built anew, and must see all the same what
    it depends on. -#}
{% macro depends_on_touched(piece) -%}
  {%- if not execute -%}
    {%- for column, model in touched_by(piece) -%}{%- do ref(model) -%}{%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{#- The columns of a piece, each with the model that lists its touched values. -#}
{% macro touched_by(piece) -%}
  {%- set columns = {
    'days': [('usage_date', 'int_touched_days')],
    'usage': [('usage_date', 'int_touched_days'), ('customer_id', 'int_touched_customers')],
    'as_of_dates': [('as_of_date', 'int_touched_as_of_dates')]
  } -%}
  {%- if piece not in columns -%}
    {{ exceptions.raise_compiler_error("rebuild: meta.rebuilt: got " ~ piece ~ ", want one of " ~ columns | join(', ')) }}
  {%- endif -%}
  {{ return(columns[piece]) }}
{%- endmacro %}

{#- DuckDB: both statements run in the transaction that dbt opens for the model. -#}
{% macro get_incremental_rebuild_sql(arg_dict) -%}
  {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
  delete from {{ arg_dict['target_relation'] }} as rebuilt
  where {{ is_touched(config.get('meta').rebuilt, 'rebuilt') }};
  insert into {{ arg_dict['target_relation'] }} ({{ columns }})
  select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{#- BigQuery: one MERGE that matches nothing. The touched values stand in variables, since only those and constants let it
    leave partitions unread. -#}
{% macro bigquery__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  {%- set touched = touched_by(config.get('meta').rebuilt) -%}
  {% for column, model in touched %}
  declare touched_{{ column }} default (select array_agg({{ column }}) from {{ ref(model) }});
  {% endfor %}
  merge into {{ target }} as rebuilt
  using {{ source }} as made
  on false
  when not matched by source and (
    {%- for column, model in touched %}{{ ' or ' if not loop.first }}rebuilt.{{ column }} in unnest(touched_{{ column }}){% endfor -%}
  ) then delete
  when not matched then insert ({{ columns }}) values ({{ columns }})
{%- endmacro %}

{#- FROM item of a model that is rebuilt by as-of date: the rows of the dates that are made anew. -#}
{% macro dates_to_build(relation) -%}
  (select * from {{ relation }} as whole{% if is_incremental() %} where {{ is_touched('as_of_dates', 'whole') }}{% endif %})
{%- endmacro %}
