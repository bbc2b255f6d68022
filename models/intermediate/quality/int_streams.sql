-- Every stream has a raw table, and every raw table is a dbt source; a stream that was never loaded is in no table of the
-- loader's, so the names are taken from the project itself.
{%- set streams = [] -%}
{%- for table in graph.sources.values() if table.source_name not in ('ops', 'evidence') and table.config.meta.get('is_stream', true) -%}
  {%- do streams.append((table.source_name, table.name[(table.source_name | length) + 1:])) -%}
{%- endfor %}

with final as (
  {%- for source_name, stream in streams | sort %}
  select
    '{{ source_name }}' as source_name,
    '{{ stream }}' as stream
  {%- if not loop.last %}
  union all
  {%- endif %}
  {%- endfor %}
)

select * from final
