{#- A text key over columns, the same on both engines: lower-case hex MD5. Pass timestamps as text, their casts differ. -#}
{% macro surrogate_key(columns) -%}
  {%- set parts = [] -%}
  {%- for column in columns -%}
    {%- do parts.append("coalesce(cast(" ~ column ~ " as " ~ type_text() ~ "), '_null_')") -%}
  {%- endfor -%}
  {%- set joined = parts | join(" || '|' || ") -%}
  {%- if target.type == 'bigquery' -%}to_hex(md5({{ joined }})){%- else -%}md5({{ joined }}){%- endif -%}
{%- endmacro %}

{#- Bytes as lower-case hex. -#}
{% macro bytes_to_hex(bytes) -%}
  {%- if target.type == 'bigquery' -%}to_hex({{ bytes }}){%- else -%}lower(hex({{ bytes }})){%- endif -%}
{%- endmacro %}
