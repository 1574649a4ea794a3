-- No masked name is somebody's name, and nothing of it is left but the initials.
select masked.customer_id, masked.customer_name
from {{ ref('dim_customers_masked') }} as masked
inner join {{ ref('dim_customers') }} as customers on customers.customer_id = masked.customer_id
where masked.customer_name = customers.customer_name
  or masked.customer_name !~ '^\S\*\*\*( \S\*\*\*)*$'

union all

select customer_id, customer_name
from {{ ref('customer_summary_masked') }}
where customer_name !~ '^\S\*\*\*( \S\*\*\*)*$'
