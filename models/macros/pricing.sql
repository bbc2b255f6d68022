{#- A priced quantity is quantity x rate x tier x region x edition: exact with 9 fraction digits of quantity, 6 of rate and 4 of
    each multiplier, 27 in all. The product is a column of its own: on DuckDB the 128-bit integer of its digits (an overflow is
    an error), on BigQuery a BIGNUMERIC. Products can be added up. -#}
{% macro pricing_product(quantity, rate, tier='1', region='1', edition='1') -%}
  {%- if target.type == 'bigquery' -%}
  cast({{ quantity }} as bignumeric) * cast({{ rate }} as bignumeric)
    * cast({{ tier }} as bignumeric) * cast({{ region }} as bignumeric) * cast({{ edition }} as bignumeric)
  {%- else -%}
  {{ unscaled(quantity, 9) }} * {{ unscaled(rate, 6) }} * {{ unscaled(tier, 4) }} * {{ unscaled(region, 4) }} * {{ unscaled(edition, 4) }}
  {%- endif -%}
{%- endmacro %}

{#- The product, never negative, as numeric(38,9), rounded once as the columns `mode` and `scale` (0 to 9) say. -#}
{% macro pricing_rounded(product, mode, scale) -%}
  {%- if target.type == 'bigquery' -%}
  {%- set power = "pow(bignumeric '10', cast(" ~ scale ~ " as bignumeric))" -%}
  cast(case {{ mode }}
    when 'half_even' then round({{ product }}, {{ scale }}, 'ROUND_HALF_EVEN')
    when 'half_up' then round({{ product }}, {{ scale }}, 'ROUND_HALF_AWAY_FROM_ZERO')
    when 'floor' then floor({{ product }} * {{ power }}) / {{ power }}
    when 'ceil' then ceil({{ product }} * {{ power }}) / {{ power }}
  end as numeric)
  {%- else -%}
  {%- set divisor -%}
  (case {{ scale }} {% for digits in range(10) %}when {{ digits }} then {{ '1' ~ '0' * (27 - digits) }}::hugeint {% endfor %}end)
  {%- endset -%}
  {%- set back -%}
  (case {{ scale }} {% for digits in range(10) %}when {{ digits }} then {{ '1' ~ '0' * (9 - digits) }}::hugeint {% endfor %}end)
  {%- endset -%}
  {%- set quotient = product ~ ' // ' ~ divisor -%}
  {%- set rest = product ~ ' % ' ~ divisor -%}
  {%- set up -%}
  case {{ mode }}
    when 'half_even' then 2 * ({{ rest }}) > {{ divisor }} or (2 * ({{ rest }}) = {{ divisor }} and ({{ quotient }}) % 2 = 1)
    when 'half_up' then 2 * ({{ rest }}) >= {{ divisor }}
    when 'floor' then false
    when 'ceil' then ({{ rest }}) > 0
  end
  {%- endset -%}
  {{ scaled_to_decimal('(' ~ quotient ~ ' + case when ' ~ up ~ ' then 1 else 0 end) * ' ~ back, 9) }}
  {%- endif -%}
{%- endmacro %}
