{#- Exact decimal arithmetic. DuckDB's decimal division gives DOUBLE and its products overflow, so the work is done on scaled
    128-bit integers (an overflow is an error); GoogleSQL rounds NUMERIC x NUMERIC to 9 digits at once, so it is done in
    BIGNUMERIC. Arguments are numeric(38,9) or integers unless a scale (at most 18) is given. Pass columns, not long
    expressions: an argument is repeated many times in the SQL.
    Modes: half_even; half_up (a tie goes away from zero); floor (towards minus infinity); ceil (towards plus infinity). -#}

{% macro decimal_round(x, scale, mode='half_even') -%}
  {{ adapter.dispatch('decimal_round_scaled', 'meterline')(x, 9, scale, mode) }}
{%- endmacro %}

{#- x has up to `x_scale` fraction digits; the result has `scale`. -#}
{% macro decimal_round_scaled(x, x_scale, scale, mode='half_even') -%}
  {{ adapter.dispatch('decimal_round_scaled', 'meterline')(x, x_scale, scale, mode) }}
{%- endmacro %}

{% macro duckdb__decimal_round_scaled(x, x_scale, scale, mode) -%}
  {%- set n = 'abs(' ~ unscaled(x, x_scale) ~ ')' -%}
  {%- set m = '1' ~ '0' * ([x_scale - scale, 0] | max) ~ '::hugeint' -%}
  {{ scaled_to_decimal(sign_of(x) ~ ' * (' ~ rounded(n ~ ' // ' ~ m, n ~ ' % ' ~ m, m, x ~ ' < 0', mode) ~ ')', [scale, x_scale] | min) }}
{%- endmacro %}

{% macro bigquery__decimal_round_scaled(x, x_scale, scale, mode) -%}
  {{ bignumeric_to_scale('cast(' ~ x ~ ' as bignumeric)', scale, mode) }}
{%- endmacro %}

{#- a x b, rounded once to `scale`. On DuckDB it is an error where |b| x 10^(18 - scale) has more than 29 digits before the point. -#}
{% macro decimal_mul(a, b, scale=9, mode='half_even', a_scale=9, b_scale=9) -%}
  {{ adapter.dispatch('decimal_mul', 'meterline')(a, b, scale, mode, a_scale, b_scale) }}
{%- endmacro %}

{% macro duckdb__decimal_mul(a, b, scale, mode, a_scale, b_scale) -%}
  {#- A x B / 10^k with A = Ah x 10^k + Al, so that only the result has to fit, not the product. -#}
  {%- set k = a_scale + b_scale - scale -%}
  {%- if k < 0 -%}
    {{ exceptions.raise_compiler_error('decimal_mul: got scale ' ~ scale ~ ', want at most ' ~ (a_scale + b_scale)) }}
  {%- endif -%}
  {%- set m = '1' ~ '0' * k ~ '::hugeint' -%}
  {%- set ua = 'abs(' ~ unscaled(a, a_scale) ~ ')' -%}
  {%- set ub = 'abs(' ~ unscaled(b, b_scale) ~ ')' -%}
  {%- set low = '((' ~ ua ~ ' % ' ~ m ~ ') * ' ~ ub ~ ')' -%}
  {%- set q = '((' ~ ua ~ ' // ' ~ m ~ ') * ' ~ ub ~ ' + ' ~ low ~ ' // ' ~ m ~ ')' -%}
  {%- set negative = '(' ~ a ~ ' < 0) <> (' ~ b ~ ' < 0)' -%}
  {{ scaled_to_decimal(sign_of(a) ~ ' * ' ~ sign_of(b) ~ ' * (' ~ rounded(q, low ~ ' % ' ~ m, m, negative, mode) ~ ')', scale) }}
{%- endmacro %}

{% macro bigquery__decimal_mul(a, b, scale, mode, a_scale, b_scale) -%}
  {{ bignumeric_to_scale('(cast(' ~ a ~ ' as bignumeric) * cast(' ~ b ~ ' as bignumeric))', scale, mode) }}
{%- endmacro %}

{#- a / b, rounded once to `scale`; null where b is 0. -#}
{% macro decimal_div(a, b, scale=9, mode='half_even') -%}
  {{ adapter.dispatch('decimal_div', 'meterline')(a, b, scale, mode) }}
{%- endmacro %}

{% macro duckdb__decimal_div(a, b, scale, mode) -%}
  {#- Long division in two steps: the whole part first, then `scale` digits of the remainder. -#}
  {%- set p = '1' ~ '0' * scale ~ '::hugeint' -%}
  {%- set ua = 'abs(' ~ unscaled(a, 9) ~ ')' -%}
  {%- set ub = 'nullif(abs(' ~ unscaled(b, 9) ~ '), 0)' -%}
  {%- set low = '((' ~ ua ~ ' % ' ~ ub ~ ') * ' ~ p ~ ')' -%}
  {%- set q = '((' ~ ua ~ ' // ' ~ ub ~ ') * ' ~ p ~ ' + ' ~ low ~ ' // ' ~ ub ~ ')' -%}
  {%- set negative = '(' ~ a ~ ' < 0) <> (' ~ b ~ ' < 0)' -%}
  {{ scaled_to_decimal(sign_of(a) ~ ' * ' ~ sign_of(b) ~ ' * (' ~ rounded(q, low ~ ' % ' ~ ub, ub, negative, mode) ~ ')', scale) }}
{%- endmacro %}

{% macro bigquery__decimal_div(a, b, scale, mode) -%}
  {#- BIGNUMERIC division rounds at 38 digits, so the quotient may come out one too large: the remainder, which is exact, tells. -#}
  {%- set p = "bignumeric '1" ~ '0' * scale ~ "'" -%}
  {%- set ua = '(abs(cast(' ~ a ~ ' as bignumeric)) * ' ~ p ~ ')' -%}
  {%- set ub = 'nullif(abs(cast(' ~ b ~ ' as bignumeric)), 0)' -%}
  {%- set q0 = 'trunc(' ~ ua ~ ' / ' ~ ub ~ ')' -%}
  {%- set r0 = '(' ~ ua ~ ' - ' ~ q0 ~ ' * ' ~ ub ~ ')' -%}
  {%- set q = '(' ~ q0 ~ ' - if(' ~ r0 ~ ' < 0, 1, 0))' -%}
  {%- set r = '(' ~ r0 ~ ' + if(' ~ r0 ~ ' < 0, ' ~ ub ~ ', 0))' -%}
  {%- set negative = '(' ~ a ~ ' < 0) <> (' ~ b ~ ' < 0)' -%}
  {{ bignumeric_result('sign(cast(' ~ a ~ ' as bignumeric)) * sign(cast(' ~ b ~ ' as bignumeric)) * (' ~ rounded(q, r, ub, negative, mode) ~ ') / ' ~ p, scale) }}
{%- endmacro %}

{#- The quotient q of a division of non-negative numbers with remainder r and divisor m, rounded; `negative` tells the sign
    that the result will get. -#}
{% macro rounded(q, r, m, negative, mode) -%}
  {%- if mode == 'half_even' -%}
    {%- set up = '2 * (' ~ r ~ ') > ' ~ m ~ ' or (2 * (' ~ r ~ ') = ' ~ m ~ ' and ' ~ is_odd(q) ~ ')' -%}
  {%- elif mode == 'half_up' -%}
    {%- set up = '2 * (' ~ r ~ ') >= ' ~ m -%}
  {%- elif mode == 'floor' -%}
    {%- set up = '(' ~ r ~ ') > 0 and (' ~ negative ~ ')' -%}
  {%- elif mode == 'ceil' -%}
    {%- set up = '(' ~ r ~ ') > 0 and not (' ~ negative ~ ')' -%}
  {%- else -%}
    {{ exceptions.raise_compiler_error('rounding mode: got ' ~ mode ~ ', want half_even, half_up, floor or ceil') }}
  {%- endif -%}
  {{ q }} + case when {{ up }} then 1 else 0 end
{%- endmacro %}

{% macro is_odd(n) -%}
  mod({{ n }}, 2) = 1
{%- endmacro %}

{#- DuckDB: a decimal as the 128-bit integer of its digits. Whole and fraction part apart, since x * 10^scale may not fit. -#}
{% macro unscaled(x, scale) -%}
  {%- set decimal = 'cast(' ~ x ~ ' as decimal(38,' ~ scale ~ '))' -%}
  {%- set power = '1' ~ '0' * scale -%}
  (cast(trunc({{ decimal }}) as hugeint) * {{ power }}::hugeint + cast(({{ decimal }} - cast(trunc({{ decimal }}) as decimal(38,{{ scale }}))) * {{ power }}::decimal({{ scale + 1 }},0) as hugeint))
{%- endmacro %}

{#- DuckDB: the inverse of `unscaled`: numeric(38,9), or numeric(38,scale) where scale is above 9. -#}
{% macro scaled_to_decimal(n, scale) -%}
  {%- set result = 'decimal(38,' ~ ([scale, 9] | max) ~ ')' -%}
  {%- set power = '1' ~ '0' * scale ~ '::hugeint' -%}
  {%- if scale == 0 -%}
  cast({{ n }} as {{ result }})
  {%- else -%}
  (cast(({{ n }}) // {{ power }} as {{ result }}) + cast(cast(({{ n }}) % {{ power }} as decimal(18,0)) * 0.{{ '0' * (scale - 1) }}1::decimal({{ scale }},{{ scale }}) as {{ result }}))
  {%- endif -%}
{%- endmacro %}

{#- DuckDB: -1, 0 or 1, as a 128-bit integer. -#}
{% macro sign_of(x) -%}
  cast(sign({{ x }}) as hugeint)
{%- endmacro %}

{% macro bignumeric_to_scale(x, scale, mode) -%}
  {%- set p = "bignumeric '1" ~ '0' * scale ~ "'" -%}
  {%- if mode == 'half_even' -%}{{ bignumeric_result('round(' ~ x ~ ', ' ~ scale ~ ", 'ROUND_HALF_EVEN')", scale) }}
  {%- elif mode == 'half_up' -%}{{ bignumeric_result('round(' ~ x ~ ', ' ~ scale ~ ')', scale) }}
  {%- elif mode in ('floor', 'ceil') -%}{{ bignumeric_result(mode ~ '(' ~ x ~ ' * ' ~ p ~ ') / ' ~ p, scale) }}
  {%- else -%}
    {{ exceptions.raise_compiler_error('rounding mode: got ' ~ mode ~ ', want half_even, half_up, floor or ceil') }}
  {%- endif -%}
{%- endmacro %}

{#- NUMERIC has 9 fraction digits; a finer result stays BIGNUMERIC. -#}
{% macro bignumeric_result(x, scale) -%}
  {%- if scale > 9 -%}({{ x }}){%- else -%}cast({{ x }} as numeric){%- endif -%}
{%- endmacro %}
