{#- Instants outside every period: an open start and an open end as values that compare. -#}
{% macro beginning_of_time() -%}timestamp '1900-01-01 00:00:00'{%- endmacro %}
{% macro end_of_time() -%}timestamp '9999-01-01 00:00:00'{%- endmacro %}

{#- The first full hour at or after an instant: where a term that starts (or ends) at it begins (or stops) to cover hours. -#}
{% macro hour_ceil(timestamp) -%}
  {{ hour_floor(timestamp_add_microseconds(timestamp, 3599999999)) }}
{%- endmacro %}

{#- The day after the newest as-of date: what is known from some date on and not withdrawn is known up to here. -#}
{% macro open_as_of() -%}
  (select {{ date_add_days('max(as_of_date)', 1) }} from {{ ref('int_as_of_dates') }})
{%- endmacro %}

{#- The first day that starts at or after an instant. -#}
{% macro day_ceil(timestamp) -%}
  cast({{ timestamp_add_microseconds(timestamp, 86399999999) }} as date)
{%- endmacro %}
