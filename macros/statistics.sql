{#
  A percentile of a column of amounts, exact to the cent. percentile_cont only knows floating point, and there whole
  cents (and the quarters between two of them) are exact where fractions of a currency unit are not.
#}
{% macro exact_percentile(fraction, amount) -%}
  round(cast(percentile_cont({{ fraction }}) within group (order by {{ amount }} * 100) as numeric) / 100, 2)
{%- endmacro %}

{# The part of a whole, from 0 to 1; null when there is nothing to share. #}
{% macro share(part, whole) -%}
  round({{ part }} / nullif({{ whole }}, 0), 6)
{%- endmacro %}
