{#- The grain of a model: the columns together are unique, and none is null. One query, whatever the number of columns. -#}
{% test primary_key(model, columns) %}
select
  {{ columns | join(', ') }},
  count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}
