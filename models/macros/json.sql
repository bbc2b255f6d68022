{#- The text of a JSON value at a constant path ($.a.b); null where it is missing or null. -#}
{% macro json_text(json, path) -%}
  {%- if target.type == 'bigquery' -%}json_value({{ json }}, '{{ path }}')
  {%- else -%}json_extract_string({{ json }}, '{{ path }}')
  {%- endif -%}
{%- endmacro %}

{#- The same for a text that need not be JSON at all (the text of a refused row): null where it is not. -#}
{% macro json_text_of_any(json, path) -%}
  {%- if target.type == 'bigquery' -%}{{ json_text(json, path) }}
  {%- else -%}(case when json_valid({{ json }}) then {{ json_text(json, path) }} end)
  {%- endif -%}
{%- endmacro %}

{#- The names of a JSON object's fields, as an array of texts. -#}
{% macro json_field_names(json) -%}
  {%- if target.type == 'bigquery' -%}
  array(
    select replace(regexp_replace(name, r'^"(.*)"$', r'\1'), r'\"', '"')
    from unnest(json_keys(parse_json({{ json }}), 1)) as name
  )
  {%- else -%}json_keys({{ json }})
  {%- endif -%}
{%- endmacro %}

{#- The elements at a constant path as an array of JSON texts; a single object counts as an array of one. -#}
{% macro json_elements(json, path) -%}
  {%- if target.type == 'bigquery' -%}
  coalesce(
    json_query_array({{ json }}, '{{ path }}'),
    if(starts_with(json_query({{ json }}, '{{ path }}'), '{'), [json_query({{ json }}, '{{ path }}')], [])
  )
  {%- else -%}
  (case json_type({{ json }}, '{{ path }}')
    when 'ARRAY' then json_extract({{ json }}, '{{ path }}[*]')
    when 'OBJECT' then [json_extract({{ json }}, '{{ path }}')]
    else cast([] as json[])
  end)
  {%- endif -%}
{%- endmacro %}

{#- The value of a field whose name is only known per row, as JSON text; null where it is missing. -#}
{% macro json_field(json, name) -%}
  {%- if target.type == 'bigquery' -%}
  to_json_string(parse_json({{ json }}, wide_number_mode => 'round')[{{ name }}])
  {%- else -%}
  json_extract({{ json }}, '$."' || {{ name }} || '"')
  {%- endif -%}
{%- endmacro %}

{#- A FROM item with one row per element of an array, and its position from 0: columns `item` and `position` of `alias`.
    `array` is an expression over the tables before it. -#}
{% macro numbered_elements(array, alias) -%}
  {%- if target.type == 'bigquery' -%}
  unnest({{ array }}) as {{ alias }}_item with offset as {{ alias }}_position
  {%- else -%}
  unnest({{ array }}) with ordinality as {{ alias }}_({{ alias }}_item, {{ alias }}_ordinality)
  {%- endif -%}
{%- endmacro %}

{% macro element_position(alias) -%}
  {%- if target.type == 'bigquery' -%}{{ alias }}_position{%- else -%}({{ alias }}_ordinality - 1){%- endif -%}
{%- endmacro %}

{#- The dimensions of an offer's pricing, as one JSON object: name -> what it includes. -#}
{% macro json_priced_dimensions(pricing) -%}
  {%- if target.type == 'bigquery' -%}json_query({{ pricing }}, '$.dimensions')
  {%- else -%}json_extract({{ pricing }}, '$.dimensions')
  {%- endif -%}
{%- endmacro %}
