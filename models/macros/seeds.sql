{#- dbt writes what it ran to <target>/run/<project>/<path of the file>. A seed folder outside the project has an absolute path,
    so dbt would overwrite the seed's own CSV with SQL: for seeds nothing is written. Otherwise dbt's own macro. -#}
{% macro noop_statement(name=None, message=None, code=None, rows_affected=None, res=None) -%}
  {%- set sql = caller() -%}
  {%- if name == 'main' and model.resource_type != 'seed' -%}
    {{ write(sql) }}
  {%- endif -%}
  {%- if name is not none -%}
    {{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}
  {%- endif -%}
{%- endmacro %}

{#- dbt loads no file that has no rows, so on BigQuery an empty seed would be no table at all: it is made empty. -#}
{% macro bigquery__create_csv_table(model, agate_table) -%}
  {%- if agate_table.rows | length == 0 -%}
    {%- call statement('create_empty_seed') -%}
  create table {{ this.render() }} (
    {% for column in agate_table.column_names -%}
    {{ column }} {{ model['config']['column_types'][column] }}{{ ', ' if not loop.last }}
    {%- endfor %}
  )
    {%- endcall -%}
  {%- endif -%}
{%- endmacro %}

{% macro bigquery__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
  {{ adapter.drop_relation(old_relation) }}
  {{ create_csv_table(model, agate_table) }}
{%- endmacro %}
