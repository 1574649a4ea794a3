{# For one key, the next interval does not begin before the previous one has ended; an open end is still going on. #}
{% test no_overlapping_ranges(model, key, valid_from, valid_to) %}
with ordered as (

  select
    {{ key }} as range_key,
    {{ valid_from }} as valid_from,
    {{ valid_to }} as valid_to,
    lead({{ valid_from }}) over (partition by {{ key }} order by {{ valid_from }}) as next_valid_from
  from {{ model }}

)

select *
from ordered
where next_valid_from < coalesce(valid_to, 'infinity')
  or valid_to < valid_from
{% endtest %}
