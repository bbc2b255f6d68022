{#- A ratio: one division, as a 64-bit float; null where the divisor is 0 (DuckDB's own 1/0 is inf). Both sides are whole numbers
    or decimals, exact up to here: neither engine divides decimals without cutting small quotients off at 9 digits, so each side
    is turned into a float once and divided once, which is right to the last digits of a float. Pass sums and products, never
    quotients. -#}
{% macro safe_divide(a, b) -%}
  (cast({{ a }} as {{ type_double() }}) / nullif(cast({{ b }} as {{ type_double() }}), 0))
{%- endmacro %}

{#- Aggregate: the least-squares slope of y over x as a 64-bit float (x an integer, y a decimal): one division of its exact
    dividend and divisor; null where fewer than two different x are known. -#}
{% macro slope(y, x) -%}
  {{ safe_divide(slope_dividend(y, x), slope_divisor(y, x)) }}
{%- endmacro %}

{% macro slope_dividend(y, x) -%}
  (count({{ x }} + {{ y }}) * sum(({{ x }}) * ({{ y }}))
    - sum(case when {{ y }} is not null then {{ x }} end) * sum(case when {{ x }} is not null then {{ y }} end))
{%- endmacro %}

{% macro slope_divisor(y, x) -%}
  {%- set known_x = 'case when ' ~ y ~ ' is not null then ' ~ x ~ ' end' -%}
  (count({{ x }} + {{ y }}) * sum(({{ known_x }}) * ({{ known_x }})) - sum({{ known_x }}) * sum({{ known_x }}))
{%- endmacro %}

{#- Aggregate: nearest rank, sorted[ceil(percent / 100 x n) - 1]; `percent` is a whole number 1..100. -#}
{% macro quantile_nearest_rank(x, percent) -%}
  {{ adapter.dispatch('nth_smallest', 'meterline')(x, integer_divide('count(' ~ x ~ ') * ' ~ percent ~ ' + 99', 100)) }}
{%- endmacro %}

{#- Aggregate: the median of decimals; of an even number of values, the mean of the two in the middle, rounded half-even
    to 9 digits. -#}
{% macro median(x) -%}
  {%- set lower = adapter.dispatch('nth_smallest', 'meterline')(x, integer_divide('count(' ~ x ~ ') + 1', 2)) -%}
  {%- set upper = adapter.dispatch('nth_smallest', 'meterline')(x, integer_divide('count(' ~ x ~ ') + 2', 2)) -%}
  {{ decimal_div('(' ~ lower ~ ' + ' ~ upper ~ ')', 2, 9, 'half_even') }}
{%- endmacro %}

{#- Aggregate: the n-th smallest non-null value, from 1; null where there is none. -#}
{% macro duckdb__nth_smallest(x, n) -%}
  list_sort(list({{ x }}) filter ({{ x }} is not null))[{{ n }}]
{%- endmacro %}

{% macro bigquery__nth_smallest(x, n) -%}
  array_agg({{ x }} ignore nulls order by {{ x }})[safe_ordinal({{ n }})]
{%- endmacro %}

{#- Whole-number quotient, towards zero. -#}
{% macro integer_divide(a, b) -%}
  {%- if target.type == 'bigquery' -%}div({{ a }}, {{ b }}){%- else -%}(({{ a }}) // {{ b }}){%- endif -%}
{%- endmacro %}

{#- Aggregate: true where the condition holds for any row. -#}
{% macro any_true(condition) -%}
  {{ 'logical_or' if target.type == 'bigquery' else 'bool_or' }}({{ condition }})
{%- endmacro %}

{#- The larger, or the smaller, of two values of which either may be null (the engines' own functions differ there). -#}
{% macro greatest_known(a, b) -%}
  greatest(coalesce({{ a }}, {{ b }}), coalesce({{ b }}, {{ a }}))
{%- endmacro %}

{% macro least_known(a, b) -%}
  least(coalesce({{ a }}, {{ b }}), coalesce({{ b }}, {{ a }}))
{%- endmacro %}

{#- Aggregate: the value of x (null included) in the row with the greatest `ordering`, which must be unique. -#}
{% macro last_by(x, ordering) -%}
  {%- if target.type == 'bigquery' -%}array_agg({{ x }} order by {{ ordering }} desc limit 1)[offset(0)]
  {%- else -%}arg_max_null({{ x }}, {{ ordering }})
  {%- endif -%}
{%- endmacro %}

{#- Two proportions, x1 of n1 against x2 of n2: the standard error of their difference as a 64-bit float; null where either
    is of nothing. -#}
{% macro difference_error(x1, n1, x2, n2) -%}
  sqrt({{ safe_divide(x1, n1) }} * (1 - {{ safe_divide(x1, n1) }}) / nullif(cast({{ n1 }} as {{ type_double() }}), 0)
    + {{ safe_divide(x2, n2) }} * (1 - {{ safe_divide(x2, n2) }}) / nullif(cast({{ n2 }} as {{ type_double() }}), 0))
{%- endmacro %}
