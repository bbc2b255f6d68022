{#- DuckDB: a table in one statement, within one transaction. dbt's own builds beside the old table, renames both and drops the
    old one; that takes longer than most of these models, and DuckDB replaces a table as safely. What it does not do is refused. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
  {%- if pre_hooks or post_hooks or config.get('grants') or config.get('indexes') -%}
    {{ exceptions.raise_compiler_error("table: got hooks, grants or indexes, want none; do without them, or extend macros/table.sql") }}
  {%- endif -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- if existing is not none and existing.type != 'table' -%}
    {{ drop_relation_if_exists(existing) }}
  {%- endif -%}
  {% call statement('main') -%}
    {{ get_assert_columns_equivalent(compiled_code) }}
    create or replace table {{ target_relation }} {{ get_table_columns_and_constraints() }};
    insert into {{ target_relation }} {{ get_column_names() }} (
      {{ get_select_subquery(compiled_code) }}
    );
  {%- endcall %}
  {%- do persist_docs(target_relation, model) -%}
  {{ adapter.commit() }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- DuckDB: the comments of a table and of its columns, as one query. dbt's own asks twice which columns there are, to pass over
    those that are not; that takes longer than the comments do, and a model that keeps its contract has them all. -#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) %}
  {%- set comments -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
      {{ alter_relation_comment(relation, model.description) }}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
      {%- for name, column in model.columns.items() %}
      comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column.description) }};
      {%- endfor -%}
    {%- endif -%}
  {%- endset -%}
  {%- if comments | trim -%}
    {%- do run_query(comments) -%}
  {%- endif -%}
{% endmacro %}
