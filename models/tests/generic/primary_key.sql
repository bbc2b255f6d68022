{#- The grain of a model: the columns together are unique, and none is null, save those that `nullable` names: there null is a
    value like any other. One query, whatever the number of columns. -#}
{% test primary_key(model, columns, nullable=[]) %}
select
  {{ columns | join(', ') }},
  count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns if column not in nullable %} or {{ column }} is null{% endfor %}
{% endtest %}
