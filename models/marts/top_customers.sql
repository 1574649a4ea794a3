{{ config(materialized='view', grants={'select': ['bank_personal_data']}) }}

select
  ranked.customer_rank,
  ranked.customer_id,
  customers.customer_name,
  ranked.transaction_count,
  ranked.total_amount,
  ranked.share_of_amount
from (
  select
    customer_id,
    customer_rank,
    transaction_count,
    total_amount,
    {{ share('total_amount', 'sum(total_amount) over ()') }} as share_of_amount
  from {{ ref('customer_overview') }}
) as ranked
inner join {{ ref('dim_customers') }} as customers on customers.customer_id = ranked.customer_id
where ranked.customer_rank <= {{ var('top_n') }}
order by ranked.customer_rank
