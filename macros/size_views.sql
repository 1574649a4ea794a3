{# How many of a relation's rows fall into each size bucket, empty buckets included. Used at both grains. #}
{% macro count_by_size(relation, amount) %}
select
  buckets.size_bucket,
  buckets.label,
  buckets.sort_order,
  count(sized.amount) as row_count,
  cast(coalesce(sum(sized.amount), 0) as numeric(18, 2)) as total_amount,
  {{ share('count(sized.amount)', 'sum(count(sized.amount)) over ()') }} as share_of_count,
  {{ share('coalesce(sum(sized.amount), 0)', 'sum(sum(sized.amount)) over ()') }} as share_of_amount
from {{ ref('size_buckets') }} as buckets
left join (select {{ amount }} as amount from {{ relation }}) as sized
  on sized.amount >= buckets.lower_bound
  and (buckets.upper_bound is null or sized.amount < buckets.upper_bound)
group by buckets.size_bucket, buckets.label, buckets.sort_order
{% endmacro %}
