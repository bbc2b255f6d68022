{% macro date_add_days(date, days) -%}
  {%- if target.type == 'bigquery' -%}date_add({{ date }}, interval cast({{ days }} as int64) day)
  {%- else -%}cast({{ date }} + cast({{ days }} as integer) as date)
  {%- endif -%}
{%- endmacro %}

{#- Days from one date to another: end - start. -#}
{% macro date_diff_days(start, end) -%}
  {%- if target.type == 'bigquery' -%}date_diff({{ end }}, {{ start }}, day)
  {%- else -%}date_diff('day', {{ start }}, {{ end }})
  {%- endif -%}
{%- endmacro %}

{#- The first day of the calendar month of a date. -#}
{% macro month_start(date) -%}
  {%- if target.type == 'bigquery' -%}date_trunc({{ date }}, month)
  {%- else -%}cast(date_trunc('month', {{ date }}) as date)
  {%- endif -%}
{%- endmacro %}

{% macro date_add_months(date, months) -%}
  {%- if target.type == 'bigquery' -%}date_add({{ date }}, interval cast({{ months }} as int64) month)
  {%- else -%}cast({{ date }} + to_months(cast({{ months }} as integer)) as date)
  {%- endif -%}
{%- endmacro %}

{#- Calendar months from one date to another: 0 within one month, whatever the days. -#}
{% macro months_between(start, end) -%}
  {%- if target.type == 'bigquery' -%}date_diff({{ end }}, {{ start }}, month)
  {%- else -%}date_diff('month', {{ start }}, {{ end }})
  {%- endif -%}
{%- endmacro %}

{#- The Monday of a date's week. -#}
{% macro week_start(date) -%}
  {%- if target.type == 'bigquery' -%}date_trunc({{ date }}, isoweek)
  {%- else -%}cast(date_trunc('week', {{ date }}) as date)
  {%- endif -%}
{%- endmacro %}

{#- 1 = Monday ... 7 = Sunday. -#}
{% macro day_of_week(date) -%}
  {%- if target.type == 'bigquery' -%}(mod(extract(dayofweek from {{ date }}) + 5, 7) + 1)
  {%- else -%}isodow({{ date }})
  {%- endif -%}
{%- endmacro %}

{% macro hour_floor(timestamp) -%}
  {%- if target.type == 'bigquery' -%}timestamp_trunc({{ timestamp }}, hour)
  {%- else -%}date_trunc('hour', {{ timestamp }})
  {%- endif -%}
{%- endmacro %}

{#- The UTC day of a timestamp. -#}
{% macro timestamp_day(timestamp) -%}cast({{ timestamp }} as date){%- endmacro %}

{% macro timestamp_add_hours(timestamp, hours) -%}
  {%- if target.type == 'bigquery' -%}timestamp_add({{ timestamp }}, interval cast({{ hours }} as int64) hour)
  {%- else -%}({{ timestamp }} + to_hours(cast({{ hours }} as bigint)))
  {%- endif -%}
{%- endmacro %}

{% macro timestamp_add_microseconds(timestamp, microseconds) -%}
  {%- if target.type == 'bigquery' -%}timestamp_add({{ timestamp }}, interval cast({{ microseconds }} as int64) microsecond)
  {%- else -%}({{ timestamp }} + to_microseconds(cast({{ microseconds }} as bigint)))
  {%- endif -%}
{%- endmacro %}

{#- Whole hours from one timestamp to another, for timestamps on the hour: end - start. -#}
{% macro timestamp_diff_hours(start, end) -%}
  {%- if target.type == 'bigquery' -%}timestamp_diff({{ end }}, {{ start }}, hour)
  {%- else -%}date_diff('hour', {{ start }}, {{ end }})
  {%- endif -%}
{%- endmacro %}

{#- Microseconds from one timestamp to another: end - start. -#}
{% macro timestamp_diff_microseconds(start, end) -%}
  {%- if target.type == 'bigquery' -%}timestamp_diff({{ end }}, {{ start }}, microsecond)
  {%- else -%}date_diff('microsecond', {{ start }}, {{ end }})
  {%- endif -%}
{%- endmacro %}

{#- A configured 'HH:MM' as minutes after midnight, at compile time. -#}
{% macro minutes_of(hh_mm) -%}
  {{ return(hh_mm.split(':')[0] | int * 60 + hh_mm.split(':')[1] | int) }}
{%- endmacro %}

{#- The instant up to which what was recorded counts for a row dated `date`: the cut-off on the following day. -#}
{% macro as_of_cut_off_at(date) -%}
  {{ timestamp_add_microseconds('cast(' ~ date_add_days(date, 1) ~ ' as timestamp)', minutes_of(var('as_of_cut_off')) * 60000000) }}
{%- endmacro %}

{#- The first date D whose cut-off is at or after an instant. A microsecond is the engines' resolution. -#}
{% macro first_as_of_date(timestamp) -%}
  cast({{ timestamp_add_microseconds(timestamp, -(minutes_of(var('as_of_cut_off')) * 60000000 + 1)) }} as date)
{%- endmacro %}

{#- The close cut-off of the calendar month that starts at `month` (a DATE). -#}
{% macro close_cut_off_at(month) -%}
  {{ timestamp_add_microseconds('cast(' ~ date_add_days(date_add_months(month, 1), var('close_cut_off_days')) ~ ' as timestamp)', minutes_of(var('close_cut_off_time')) * 60000000) }}
{%- endmacro %}

{#- A FROM item with one row per day of start..end, both included: column `alias`, to be cast to date. -#}
{% macro date_spine(start, end, alias) -%}
  {%- if target.type == 'bigquery' -%}unnest(generate_date_array({{ start }}, {{ end }})) as {{ alias }}
  {%- else -%}unnest(generate_series(cast({{ start }} as timestamp), cast({{ end }} as timestamp), interval 1 day)) as {{ alias }}_({{ alias }})
  {%- endif -%}
{%- endmacro %}

{#- A FROM item with one row per hour of start..end, both included: timestamp column `alias`. -#}
{% macro hour_spine(start, end, alias) -%}
  {%- if target.type == 'bigquery' -%}unnest(generate_timestamp_array({{ start }}, {{ end }}, interval 1 hour)) as {{ alias }}
  {%- else -%}unnest(generate_series({{ start }}, {{ end }}, interval 1 hour)) as {{ alias }}_({{ alias }})
  {%- endif -%}
{%- endmacro %}

{#- The exclusive end of what is still so: after every as-of date there will be. -#}
{% macro open_date() -%}cast('9999-12-31' as date){%- endmacro %}

{#- The first day of a date's calendar year. -#}
{% macro year_start(date) -%}
  {%- if target.type == 'bigquery' -%}date_trunc({{ date }}, year)
  {%- else -%}cast(date_trunc('year', {{ date }}) as date)
  {%- endif -%}
{%- endmacro %}
