{#- Every row fulfils a condition (null counts as broken). -#}
{% test row_condition(model, condition) %}
select *
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
