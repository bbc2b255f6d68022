{#- A model's schema is its layer, the first folder of its path (staging, intermediate, marts); seeds and tests name theirs.
    Schemas are named as they are on DuckDB; on BigQuery they are datasets: <dataset>_marts. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- set folder = node.original_file_path.split('/')[0] -%}
  {{ layer_schema(folder if node.resource_type == 'model' else custom_schema_name or 'main') }}
{%- endmacro %}

{% macro layer_schema(layer) -%}
  {%- if target.type == 'bigquery' -%}{{ target.schema }}_{{ layer }}{%- else -%}{{ layer }}{%- endif -%}
{%- endmacro %}
