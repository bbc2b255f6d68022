{#- The churn indicators in the order in which they are shown. kind: ratio, number, days or flag. `window` is text for people. -#}
{% macro churn_indicators() -%}
  {{ return([
    {'name': 'commitment_utilisation_28d', 'kind': 'ratio', 'window': '28 days'},
    {'name': 'usage_change_28d', 'kind': 'ratio', 'window': '28 days against the 28 before'},
    {'name': 'usage_trend_pct_week', 'kind': 'number', 'window': '56 days'},
    {'name': 'days_since_activity', 'kind': 'days', 'window': 'since the first reading'},
    {'name': 'active_hour_ratio_28d', 'kind': 'ratio', 'window': '28 days'},
    {'name': 'usage_anomaly_z', 'kind': 'number', 'window': 'same weekday of 8 weeks'},
    {'name': 'level_shift', 'kind': 'flag', 'window': '14 days'},
    {'name': 'feature_breadth_28d', 'kind': 'ratio', 'window': '28 days'},
    {'name': 'feature_breadth_change', 'kind': 'ratio', 'window': '28 days against the 28 before'},
    {'name': 'unused_entitlement', 'kind': 'flag', 'window': 'last 60 observed days'},
    {'name': 'time_to_first_value_days', 'kind': 'days', 'window': 'since the start of the entitlement'},
    {'name': 'days_to_renewal', 'kind': 'days', 'window': 'contracts in force'},
    {'name': 'offer_expired_with_usage', 'kind': 'flag', 'window': 'since the end of the last contract'},
    {'name': 'cases_90d_per_100tib', 'kind': 'number', 'window': '90 days'},
    {'name': 'networking_share_90d', 'kind': 'ratio', 'window': '90 days'},
    {'name': 'days_without_telemetry', 'kind': 'days', 'window': 'since the last observed hour'},
  ]) }}
{%- endmacro %}

{#- A number as text, the same on both engines: whole, or with one fraction digit. -#}
{% macro whole_text(x) -%}
  cast(cast(round({{ x }}) as {{ type_bigint() }}) as {{ type_text() }})
{%- endmacro %}

{% macro tenths_text(x) -%}
  (case when round({{ x }} * 10) < 0 then '-' else '' end
    || cast({{ integer_divide('abs(cast(round(' ~ x ~ ' * 10) as ' ~ type_bigint() ~ '))', 10) }} as {{ type_text() }}) || '.'
    || cast(mod(abs(cast(round({{ x }} * 10) as {{ type_bigint() }})), 10) as {{ type_text() }}))
{%- endmacro %}
