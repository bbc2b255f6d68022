{#- Aggregate: twice the median of decimals, which is exact: the sum of the two values in the middle. -#}
{% macro median_doubled(x) -%}
  ({{ adapter.dispatch('nth_smallest', 'meterline')(x, integer_divide('count(' ~ x ~ ') + 1', 2)) }}
    + {{ adapter.dispatch('nth_smallest', 'meterline')(x, integer_divide('count(' ~ x ~ ') + 2', 2)) }})
{%- endmacro %}
