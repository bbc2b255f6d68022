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
