{#- Type names that hold the same values on both engines. dbt.type_float() and dbt.type_int() are 32 bits wide on DuckDB. -#}
{% macro type_double() -%}{{ 'float64' if target.type == 'bigquery' else 'double' }}{%- endmacro %}
{% macro type_bigint() -%}{{ 'int64' if target.type == 'bigquery' else 'bigint' }}{%- endmacro %}
{% macro type_text() -%}{{ 'string' if target.type == 'bigquery' else 'varchar' }}{%- endmacro %}
{% macro type_decimal() -%}{{ 'numeric' if target.type == 'bigquery' else 'decimal(38,9)' }}{%- endmacro %}

{#- A cast that gives null instead of an error. -#}
{% macro try_cast(expression, type) -%}
  {{ 'safe_cast' if target.type == 'bigquery' else 'try_cast' }}({{ expression }} as {{ type }})
{%- endmacro %}

{#- An ISO 8601 text (date, local time, or time with an offset) as a UTC timestamp; null where it is none.
    DuckDB's cast to a plain timestamp drops an offset silently, so it goes by way of timestamptz; BigQuery's refuses more than
    six fraction digits, which Microsoft writes. -#}
{% macro text_to_timestamp(expression) -%}
  {%- if target.type == 'bigquery' -%}safe_cast(regexp_replace({{ expression }}, r'(\.[0-9]{6})[0-9]+', r'\1') as timestamp)
  {%- else -%}cast(try_cast({{ expression }} as timestamptz) at time zone 'UTC' as timestamp)
  {%- endif -%}
{%- endmacro %}

{#- The source text of a JSON number (exponents included) as numeric(38,9), rounded half-even; null where it is no number
    or does not fit. -#}
{% macro text_to_decimal(expression) -%}
  {%- if target.type == 'bigquery' -%}
  safe_cast(round(safe_cast({{ expression }} as bignumeric), 9, 'ROUND_HALF_EVEN') as numeric)
  {%- else -%}
  {#- Nearly all have no more than nine fraction digits: nothing is rounded. -#}
  case
    when regexp_full_match({{ expression }}, '-?[0-9]{1,29}(\.[0-9]{1,9})?') then try_cast({{ expression }} as decimal(38,9))
    else coalesce({{ decimal_round_scaled('try_cast(' ~ expression ~ ' as decimal(38,18))', 18, 9, 'half_even') }}, try_cast({{ expression }} as decimal(38,9)))
  end
  {%- endif -%}
{%- endmacro %}
