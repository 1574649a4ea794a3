{# Rows out of nothing: numbers from 1, and the dates between two dates. #}

{# The smallest n with upper_bound <= 2^n. #}
{% macro get_powers_of_two(upper_bound) -%}
  {{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }}
{%- endmacro %}

{% macro default__get_powers_of_two(upper_bound) -%}
  {%- if upper_bound <= 0 -%}
    {{ exceptions.raise_compiler_error("the upper bound must be more than 0, and is " ~ upper_bound) }}
  {%- endif -%}
  {%- for power in range(1, 100) if upper_bound <= 2 ** power -%}
    {{ return(power) }}
  {%- endfor -%}
{%- endmacro %}

{% macro generate_series(upper_bound) -%}
  {{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}
{%- endmacro %}

{# dbt's numbers are double precision, as they are sums of powers. #}
{% macro postgres__generate_series(upper_bound) -%}
  {%- if upper_bound <= 0 -%}
    {{ exceptions.raise_compiler_error("the upper bound must be more than 0, and is " ~ upper_bound) }}
  {%- endif -%}
  select n::double precision as generated_number
  from generate_series(1, {{ upper_bound }}) as n
  order by n
{%- endmacro %}

{# Asked of the database; 1 while parsing. #}
{% macro get_intervals_between(start_date, end_date, datepart) -%}
  {{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{%- endmacro %}

{% macro default__get_intervals_between(start_date, end_date, datepart) -%}
  {%- set answer = run_query('select ' ~ dbt.datediff(start_date, end_date, datepart)) -%}
  {{ return(answer.rows[0][0] if answer else 1) }}
{%- endmacro %}

{# One row for each datepart from start to before the end, in a column date_<datepart>. #}
{% macro date_spine(datepart, start_date, end_date) -%}
  {{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}
{%- endmacro %}

{% macro default__date_spine(datepart, start_date, end_date) %}
  with steps as (
    {{ dbt.generate_series(dbt.get_intervals_between(start_date, end_date, datepart)) }}
  ),
  moments as (
    select {{ dbt.dateadd(datepart, 'row_number() over (order by generated_number) - 1', start_date) }} as date_{{ datepart }}
    from steps
  )
  select *
  from moments
  where date_{{ datepart }} <= {{ end_date }}
{% endmacro %}
