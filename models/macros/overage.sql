{#- An overage amount is (burst x rate_burst + above x rate_above) x tier x region x edition: exact with 9 fraction digits of
    quantity, 6 of rate and 4 of each multiplier, 27 in all. The product is a column of its own: on DuckDB the 128-bit integer
    of its digits (an overflow is an error), on BigQuery a BIGNUMERIC. -#}
{% macro overage_product(burst, above, rate_burst, rate_above, tier, region, edition) -%}
  {%- if target.type == 'bigquery' -%}
  (cast({{ burst }} as bignumeric) * cast({{ rate_burst }} as bignumeric)
    + cast({{ above }} as bignumeric) * cast({{ rate_above }} as bignumeric))
    * cast({{ tier }} as bignumeric) * cast({{ region }} as bignumeric) * cast({{ edition }} as bignumeric)
  {%- else -%}
  ({{ unscaled(burst, 9) }} * {{ unscaled(rate_burst, 6) }} + {{ unscaled(above, 9) }} * {{ unscaled(rate_above, 6) }})
    * {{ unscaled(tier, 4) }} * {{ unscaled(region, 4) }} * {{ unscaled(edition, 4) }}
  {%- endif -%}
{%- endmacro %}

{#- The product as a decimal, not rounded: numeric(38,27), on BigQuery BIGNUMERIC. -#}
{% macro overage_unrounded(product) -%}
  {%- if target.type == 'bigquery' -%}{{ product }}
  {%- else -%}
  {%- set e9 = '1' ~ '0' * 9 ~ '::hugeint' -%}
  {%- set e18 = '1' ~ '0' * 18 ~ '::hugeint' -%}
  {%- set e27 = '1' ~ '0' * 27 ~ '::hugeint' -%}
  (cast({{ product }} // {{ e27 }} as decimal(38,27))
    + cast(cast({{ product }} // {{ e9 }} % {{ e18 }} as decimal(18,0)) * 0.{{ '0' * 17 }}1::decimal(18,18) as decimal(38,27))
    + cast(cast({{ product }} % {{ e9 }} as decimal(9,0)) * 0.{{ '0' * 26 }}1::decimal(27,27) as decimal(38,27)))
  {%- endif -%}
{%- endmacro %}

{#- The product rounded once, as the policy's columns `mode` and `scale` (0 to 9) say. It is never negative. -#}
{% macro overage_rounded(product, mode, scale) -%}
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

{#- Stops the build where a row may not exist, naming it. -#}
{% macro raise_error(message) -%}
  cast(error({{ message }}) as {{ type_decimal() }})
{%- endmacro %}
