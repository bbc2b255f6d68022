{#- The exact arithmetic of overage. A quantity in the rating has 15 fraction digits (9 of a commitment x 6 of a burst share), a
    rate with its multipliers 18 (6 + 3 x 4). The work is done in whole numbers, 128 bits on DuckDB and BIGNUMERIC on BigQuery;
    a mean is a whole number and what its division left over, so that only the amount is rounded, once. -#}

{#- The type of a quantity with 15 fraction digits. -#}
{% macro type_fine_decimal() -%}{{ 'bignumeric' if target.type == 'bigquery' else 'decimal(38,15)' }}{%- endmacro %}

{% macro type_whole() -%}{{ 'bignumeric' if target.type == 'bigquery' else 'hugeint' }}{%- endmacro %}

{% macro power_of_ten(digits) -%}
  {{ "bignumeric '1" ~ '0' * digits ~ "'" if target.type == 'bigquery' else '1' ~ '0' * digits ~ '::hugeint' }}
{%- endmacro %}

{#- A decimal as the whole number of its digits. -#}
{% macro digits_of(x, scale) -%}
  {%- if target.type == 'bigquery' -%}(cast({{ x }} as bignumeric) * {{ power_of_ten(scale) }}){%- else -%}{{ unscaled(x, scale) }}{%- endif -%}
{%- endmacro %}

{#- The inverse for 15 digits: a quantity of the rating. -#}
{% macro fine_from_digits(n) -%}
  {%- if target.type == 'bigquery' -%}({{ n }} / {{ power_of_ten(15) }}){%- else -%}{{ scaled_to_decimal(n, 15) }}{%- endif -%}
{%- endmacro %}

{#- Whole digits of `scale` fraction digits, plus rest / divisor of one more, rounded half-even to numeric(38,9). -#}
{% macro digits_to_decimal(n, rest, divisor, scale) -%}
  {%- set m = power_of_ten(scale - 9) -%}
  {%- set quotient = integer_divide(n, m) -%}
  {%- set left = '2 * (mod(' ~ n ~ ', ' ~ m ~ ') * ' ~ divisor ~ ' + ' ~ rest ~ ')' -%}
  {%- set whole = m ~ ' * ' ~ divisor -%}
  {%- set nines -%}
  {{ quotient }} + case when {{ left }} > {{ whole }} or ({{ left }} = {{ whole }} and {{ is_odd(quotient) }}) then 1 else 0 end
  {%- endset -%}
  {%- if target.type == 'bigquery' -%}cast(({{ nines }}) / {{ power_of_ten(9) }} as numeric){%- else -%}{{ scaled_to_decimal(nines, 9) }}{%- endif -%}
{%- endmacro %}

{#- The least common multiple of 1 to 24: means of days are brought to it, whatever the number of their hours. -#}
{% macro day_mean_divisor() -%}5354228880{%- endmacro %}

{#- A rate with its multipliers as a whole number of 18 fraction digits. -#}
{% macro overage_rate_digits(rate, tier, region, edition) -%}
  {{ digits_of(rate, 6) }} * {{ digits_of(tier, 4) }} * {{ digits_of(region, 4) }} * {{ digits_of(edition, 4) }}
{%- endmacro %}

{#- burst x rate + above x rate of columns that hold whole digits, in whole digits of 33 - `cut` fraction digits; what is below
    is in `overage_product_low`. The rates are split so that no product leaves 128 bits. -#}
{% macro overage_product_high(cut) -%}
  {%- set c = power_of_ten(cut) -%}
  burst_digits * {{ integer_divide('rate_burst_digits', c) }} + above_digits * {{ integer_divide('rate_above_digits', c) }}
{%- endmacro %}

{% macro overage_product_low(cut) -%}
  {%- set c = power_of_ten(cut) -%}
  burst_digits * mod(rate_burst_digits, {{ c }}) + above_digits * mod(rate_above_digits, {{ c }})
{%- endmacro %}

{#- Whole digits of 24 fraction digits as a decimal of numeric(38,9), rounded once as the policy's columns `mode` and `scale`
    (0 to 9) say; `has_rest`: something smaller than a digit is left. Never negative. -#}
{% macro overage_rounded(digits, has_rest, mode, scale) -%}
  {%- set divisor -%}
  (case {{ scale }} {% for places in range(10) %}when {{ places }} then {{ power_of_ten(24 - places) }} {% endfor %}end)
  {%- endset -%}
  {%- set back -%}
  (case {{ scale }} {% for places in range(10) %}when {{ places }} then {{ power_of_ten(9 - places) }} {% endfor %}end)
  {%- endset -%}
  {%- set quotient = integer_divide(digits, divisor) -%}
  {%- set rest = 'mod(' ~ digits ~ ', ' ~ divisor ~ ')' -%}
  {%- set nines -%}
  ({{ quotient }} + case
    when (case {{ mode }}
      when 'half_even' then 2 * {{ rest }} > {{ divisor }} or (2 * {{ rest }} = {{ divisor }} and ({{ has_rest }} or {{ is_odd(quotient) }}))
      when 'half_up' then 2 * {{ rest }} >= {{ divisor }}
      when 'floor' then false
      when 'ceil' then {{ rest }} > 0 or {{ has_rest }}
    end) then 1 else 0 end) * {{ back }}
  {%- endset -%}
  {%- if target.type == 'bigquery' -%}cast(({{ nines }}) / {{ power_of_ten(9) }} as numeric){%- else -%}{{ scaled_to_decimal(nines, 9) }}{%- endif -%}
{%- endmacro %}

{#- Whole digits of 27 fraction digits as a decimal, not rounded: numeric(38,27), on BigQuery BIGNUMERIC. -#}
{% macro overage_unrounded(digits) -%}
  {%- if target.type == 'bigquery' -%}({{ digits }} / {{ power_of_ten(27) }})
  {%- else -%}
  (cast({{ digits }} // {{ power_of_ten(27) }} as decimal(38,27))
    + cast(cast({{ digits }} // {{ power_of_ten(9) }} % {{ power_of_ten(18) }} as decimal(18,0)) * 0.{{ '0' * 17 }}1::decimal(18,18) as decimal(38,27))
    + cast(cast({{ digits }} % {{ power_of_ten(9) }} as decimal(9,0)) * 0.{{ '0' * 26 }}1::decimal(27,27) as decimal(38,27)))
  {%- endif -%}
{%- endmacro %}

{#- The value, or an error that names the row where `is_too_large` (null counts as not): the engines' own errors name none. -#}
{% macro fits(value, is_too_large, message, type) -%}
  case when {{ is_too_large }} then {{ raise_error(message, type) }} else {{ value }} end
{%- endmacro %}

{#- Stops the build where a row may not exist, naming it. -#}
{% macro raise_error(message, type=none) -%}
  cast(error({{ message }}) as {{ type or type_decimal() }})
{%- endmacro %}
