{#- 95 % intervals, on numbers at hand: z is the 97.5 % quantile of the normal distribution. -#}
{% macro z_95() -%}1.959963984540054{%- endmacro %}

{#- A bound of Wilson's interval of a share of n: `sign` is + or -. It stays within 0 and 1 and works for shares of 0 and 1;
    null where the share is null (the engines' least and greatest differ there). -#}
{% macro wilson_bound(share, n, sign) -%}
  {%- set p = 'cast(' ~ share ~ ' as ' ~ type_double() ~ ')' -%}
  {%- set size = 'cast(nullif(' ~ n ~ ', 0) as ' ~ type_double() ~ ')' -%}
  {%- set z = 'cast(' ~ z_95() ~ ' as ' ~ type_double() ~ ')' -%}
  case when {{ share }} is not null then least(1, greatest(0, ({{ p }} + {{ z }} * {{ z }} / (2 * {{ size }})
    {{ sign }} {{ z }} * sqrt({{ p }} * (1 - {{ p }}) / {{ size }} + {{ z }} * {{ z }} / (4 * {{ size }} * {{ size }})))
    / (1 + {{ z }} * {{ z }} / {{ size }}))) end
{%- endmacro %}

{#- A bound of Hanley's and McNeil's interval of an area under the ROC curve, of so many positives and negatives, kept within
    0 and 1; null where the area is. At an area of exactly 0 or 1 its width is 0, which few events do not warrant. -#}
{% macro hanley_mcneil_bound(auc, positives, negatives, sign) -%}
  {%- set a = 'cast(' ~ auc ~ ' as ' ~ type_double() ~ ')' -%}
  {%- set p = 'cast(' ~ positives ~ ' as ' ~ type_double() ~ ')' -%}
  {%- set n = 'cast(' ~ negatives ~ ' as ' ~ type_double() ~ ')' -%}
  {%- set square = a ~ ' * ' ~ a -%}
  case when {{ auc }} is not null then least(1, greatest(0, {{ a }} {{ sign }} {{ z_95() }} * sqrt(greatest(0,
    ({{ a }} * (1 - {{ a }})
      + ({{ p }} - 1) * ({{ a }} / (2 - {{ a }}) - {{ square }})
      + ({{ n }} - 1) * (2 * {{ square }} / (1 + {{ a }}) - {{ square }}))
    / nullif({{ p }} * {{ n }}, 0))))) end
{%- endmacro %}
