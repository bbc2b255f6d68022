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
