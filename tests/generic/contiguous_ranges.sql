{#
  Ranges from `lower` (included) to `upper` (excluded) that begin at `start` and leave no gap and no overlap; only the
  last one is open.
#}
{% test contiguous_ranges(model, lower, upper, start=0) %}
with ordered as (

  select
    {{ lower }} as lower_bound,
    {{ upper }} as upper_bound,
    lag({{ upper }}) over (order by {{ lower }}) as previous_upper_bound,
    row_number() over (order by {{ lower }}) as position,
    count(*) over () as ranges
  from {{ model }}

)

select *
from ordered
where lower_bound is distinct from (case when position = 1 then {{ start }} else previous_upper_bound end)
  or (upper_bound is null) <> (position = ranges)
  or upper_bound <= lower_bound
{% endtest %}
