{#- A name as it is compared: its letters and digits in lower case, nothing else; null where none is left. -#}
{% macro normalised_name(name) -%}
  {%- if target.type == 'bigquery' -%}nullif(regexp_replace(lower({{ name }}), r'[^\p{L}\p{N}]+', ''), '')
  {%- else -%}nullif(regexp_replace(lower({{ name }}), '[^\p{L}\p{N}]+', '', 'g'), '')
  {%- endif -%}
{%- endmacro %}

{#- The host of a website, without `www.`; null where it says none. -#}
{% macro website_domain(website) -%}
  nullif(regexp_replace(regexp_replace(regexp_replace(lower(trim({{ website }})), '^[a-z]+://', ''), '^www[.]', ''), '[/?#:].*$', ''), '')
{%- endmacro %}

{#- The part of an e-mail address after the last @, in lower case; null where it has none. -#}
{% macro email_domain(email) -%}
  nullif(regexp_replace(lower(trim({{ email }})), '^(.*@|[^@]*$)', ''), '')
{%- endmacro %}

{#- A value as it is compared where people type it: without case, spaces and dashes. -#}
{% macro plain_value(value) -%}
  replace(replace(lower({{ value }}), ' ', ''), '-', '')
{%- endmacro %}

{#- An instant as RFC 3339 text in whole seconds. -#}
{% macro instant_text(timestamp) -%}
  {%- if target.type == 'bigquery' -%}format_timestamp('%Y-%m-%dT%H:%M:%SZ', {{ timestamp }})
  {%- else -%}strftime({{ timestamp }}, '%Y-%m-%dT%H:%M:%SZ')
  {%- endif -%}
{%- endmacro %}

{#- An amount as text with two fraction digits, cut: the engines' own casts differ in trailing zeros. -#}
{% macro money_text(amount) -%}
  (case when {{ amount }} < 0 then '-' else '' end
    || cast(cast(trunc(abs({{ amount }})) as {{ type_bigint() }}) as {{ type_text() }}) || '.'
    || lpad(cast(cast(trunc((abs({{ amount }}) - trunc(abs({{ amount }}))) * 100) as {{ type_bigint() }}) as {{ type_text() }}), 2, '0'))
{%- endmacro %}

{#- A number of things as text: 1 cluster, 2 clusters. -#}
{% macro count_text(count, thing) -%}
  (cast({{ count }} as {{ type_text() }}) || case when {{ count }} = 1 then ' {{ thing }}' else ' {{ thing }}s' end)
{%- endmacro %}
