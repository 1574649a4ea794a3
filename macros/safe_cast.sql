{#
  Casts that give null instead of an error, so that one bad value costs one row and not the whole load: text that cannot
  be read is replaced by null before the cast sees it.
#}

{# Text without the blanks around it; null when nothing is left. #}
{% macro clean_text(column) -%}
  nullif(btrim({{ column }}, E' \t\r\n'), '')
{%- endmacro %}

{# An amount such as 1234, 1234.5 or -1234.50. A third decimal is refused rather than rounded: cents must not appear or vanish. #}
{% macro safe_amount(text) -%}
  cast(case when {{ text }} ~ '^[+-]?[0-9]{1,16}(\.[0-9]{1,2})?$' then {{ text }} end as numeric(18, 2))
{%- endmacro %}

{# A date as YYYY-MM-DD, of 1900 or later, that is in the calendar: 2025-02-30 gives null. #}
{% macro safe_date(text) -%}
  cast(
    case
      when {{ text }} !~ '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' then null
      when right({{ text }}, 2) <= '28' then {{ text }}
      when cast(right({{ text }}, 2) as integer) <= extract(
        day from cast(left({{ text }}, 7) || '-01' as date) + interval '1 month' - interval '1 day'
      ) then {{ text }}
    end as date
  )
{%- endmacro %}
