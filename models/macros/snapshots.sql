{#- The versions of a records stream, each with the load that ended it (`valid_to_load_id`, exclusive; null = still held). -#}
{% macro valid_to_load_id(key) -%}
  lead(load_id) over (partition by {{ key | join(', ') }} order by load_id)
{%- endmacro %}

{#- The state of a records stream at every snapshot that some as-of date uses: one row per snapshot_load_id x key.
    `versions` is a staging model of versions, `source` one of polaris, salesforce, tackle. -#}
{% macro at_snapshot(versions, source) -%}
  select
    snapshots.{{ source }}_load_id as snapshot_load_id,
    versions.*
  from {{ versions }} as versions
  inner join (
    select distinct {{ source }}_load_id from {{ ref('int_as_of_dates') }}
  ) as snapshots
    on versions.load_id <= snapshots.{{ source }}_load_id
    and (versions.valid_to_load_id is null or snapshots.{{ source }}_load_id < versions.valid_to_load_id)
  where not versions.is_vanished
{%- endmacro %}

{#- The state of a records stream at the newest as-of date: one row per key. -#}
{% macro current_state(versions, source) -%}
  select versions.*
  from {{ versions }} as versions
  inner join {{ ref('int_as_of_dates') }} as newest
    on newest.is_newest
    and versions.load_id <= newest.{{ source }}_load_id
    and (versions.valid_to_load_id is null or newest.{{ source }}_load_id < versions.valid_to_load_id)
  where not versions.is_vanished
{%- endmacro %}

{#- Salesforce ids have 15 characters, or the same 15 and a 3-character checksum: the first 15 are the identity. -#}
{% macro salesforce_id_key(expression) -%}substr({{ expression }}, 1, 15){%- endmacro %}
