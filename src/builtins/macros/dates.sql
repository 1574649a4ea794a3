{# Reckoning with dates. A datepart is a word such as day, month or quarter. #}

{% macro date(year, month, day) -%}
  {{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }}
{%- endmacro %}

{% macro default__date(year, month, day) -%}
  to_date('{{ year }}-{{ month }}-{{ day }}', 'YYYY-MM-DD')
{%- endmacro %}

{% macro date_trunc(datepart, date) -%}
  {{ return(adapter.dispatch('date_trunc', 'dbt')(datepart, date)) }}
{%- endmacro %}

{% macro default__date_trunc(datepart, date) -%}
  date_trunc('{{ datepart }}', {{ date }})
{%- endmacro %}

{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
  {{ return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) }}
{%- endmacro %}

{# Intervals cannot be quarters. #}
{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) -%}
  {%- set one = '3 month' if datepart | lower == 'quarter' else '1 ' ~ datepart -%}
  {{ from_date_or_timestamp }} + ((interval '{{ one }}') * ({{ interval }}))
{%- endmacro %}

{# The last date of the part that a date is in. #}
{% macro last_day(date, datepart) -%}
  {{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }}
{%- endmacro %}

{% macro default_last_day(date, datepart) -%}
  {%- set next = dbt.dateadd(datepart, 1, dbt.date_trunc(datepart, date)) -%}
  cast({{ dbt.dateadd('day', -1, next) }} as date)
{%- endmacro %}

{% macro default__last_day(date, datepart) -%}
  {{ dbt.default_last_day(date, datepart) }}
{%- endmacro %}

{#
  How many boundaries of a datepart lie between two moments. Weeks begin on Sunday. Every part but day and week is a
  double precision number, which comes from date_part.
#}
{% macro datediff(first_date, second_date, datepart) -%}
  {#- On lines of its own, so that what stands beside it cannot run into it. -#}
  {{ return('\n' ~ adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart) ~ '\n') }}
{%- endmacro %}

{% macro postgres__datediff(first_date, second_date, datepart) -%}
  {%- set a = '(' ~ first_date ~ ')' -%}
  {%- set b = '(' ~ second_date ~ ')' -%}
  {%- set days = '(' ~ b ~ '::date - ' ~ a ~ '::date)' -%}
  {%- if datepart == 'day' -%}
    {{ days }}
  {%- elif datepart == 'week' -%}
    {#- Days make full weeks; the rest may pass a Sunday, in the direction of time. -#}
    ({{ days }} / 7 + case
      when date_part('dow', {{ a }}::timestamp) > date_part('dow', {{ b }}::timestamp)
        then (case when {{ a }} <= {{ b }} then 1 else 0 end)
      else (case when {{ a }} <= {{ b }} then 0 else -1 end)
    end)
  {%- elif datepart in ['year', 'quarter', 'month'] -%}
    {%- set per_year = {'quarter': 4, 'month': 12}[datepart] -%}
    {%- set years = "(date_part('year', " ~ b ~ "::date) - date_part('year', " ~ a ~ "::date))" -%}
    {%- if datepart == 'year' -%}
      {{ years }}
    {%- else -%}
      ({{ years }} * {{ per_year }}
        + date_part('{{ datepart }}', {{ b }}::date) - date_part('{{ datepart }}', {{ a }}::date))
    {%- endif -%}
  {%- elif datepart in ['hour', 'minute', 'second', 'millisecond', 'microsecond'] -%}
    {#- The next larger part, in units of this one, and what each moment has of this one beyond it. -#}
    {%- set larger, units = {
      'hour': ('day', 24),
      'minute': ('hour', 60),
      'second': ('minute', 60),
      'millisecond': ('minute', 60000),
      'microsecond': ('minute', 60000000),
    }[datepart] -%}
    {%- set beyond = "date_part('" ~ datepart ~ "', %s::timestamp)" -%}
    {#- Parts below a minute may have fractions. -#}
    {%- set part = beyond if larger != 'minute' else 'floor(' ~ beyond ~ ')' -%}
    ( {{ dbt.datediff(first_date, second_date, larger) }} * {{ units }} + {{ part | format(b) }} - {{ part | format(a) }})
  {%- else -%}
    {{ exceptions.raise_compiler_error("datediff knows no datepart " ~ datepart ~ ": it counts microseconds to years") }}
  {%- endif -%}
{%- endmacro %}
