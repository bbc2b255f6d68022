{#- The rows of `relation` with their billing period: columns `billing_period` and `billing_period_end` (exclusive).
    Needs usage_date, period (calendar_month, anniversary_month, term), and of the subscription start_date, term_to_hour.
    Before its start, or where that is unknown, a subscription has calendar months. -#}
{% macro with_billing_period(relation) -%}
  {%- set start = date_add_months('start_date', 'months_since_start') -%}
  select
    counted.*,
    case
      when counted_period = 'calendar_month' then {{ month_start('usage_date') }}
      when counted_period = 'term' then start_date
      when {{ start }} <= usage_date then {{ start }}
      else {{ date_add_months('start_date', 'months_since_start - 1') }}
    end as billing_period,
    case
      when counted_period = 'calendar_month' then {{ date_add_months(month_start('usage_date'), 1) }}
      when counted_period = 'term' then {{ day_ceil('term_to_hour') }}
      when {{ start }} <= usage_date then {{ date_add_months('start_date', 'months_since_start + 1') }}
      else {{ start }}
    end as billing_period_end
  from (
    select
      {{ relation }}.*,
      case when start_date is null or start_date > usage_date then 'calendar_month' else period end as counted_period,
      -- Whole months from the start's day to the row's; one too many where the day of the month has not come round yet.
      (extract(year from usage_date) - extract(year from start_date)) * 12
      + extract(month from usage_date) - extract(month from start_date) as months_since_start
    from {{ relation }}
  ) as counted
{%- endmacro %}

{#- The calendar month with whose close a billing period is closed: the one of its last day. -#}
{% macro close_month(billing_period_end) -%}
  {{ month_start(date_add_days(billing_period_end, -1)) }}
{%- endmacro %}

{#- A statement: per key, the mean level over a period, sum(level x time) / length of the period, rounded once, half-even.
    `changes` has one row per change of a level: the keys, `changed_at`, `change` (numeric(38,9), may be negative). Changes
    before the period are what is carried in; changes at one instant all count; later ones do not. -#}
{% macro time_weighted_level(changes, keys, period_start, period_end) -%}
  {%- set from_start = timestamp_diff_microseconds('greatest(changed_at, ' ~ period_start ~ ')', period_end) -%}
  select
    {{ keys | join(', ') }},
    {{ decimal_div('level_time', 'period_time') }} as level
  from (
    select
      {{ keys | join(', ') }},
      {{ timestamp_diff_microseconds(period_start, period_end) }} as period_time,
      -- A change lasts from its instant, or the period's start, to the period's end.
      sum(cast(change as {{ type_decimal() }}) * {{ from_start }}) as level_time
    from {{ changes }}
    where changed_at < {{ period_end }}
    group by {{ keys | join(', ') }}
  ) as weighed
{%- endmacro %}
