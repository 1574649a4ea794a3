{{ config(indexes=[{'columns': ['customer_id'], 'unique': true}]) }}

with totals as (

  select
    customer_id,
    count(*) as transaction_count,
    cast(sum(amount) as numeric(18, 2)) as total_amount,
    cast(coalesce(sum(amount) filter (where direction = 'in'), 0) as numeric(18, 2)) as inflow,
    cast(coalesce(sum(amount) filter (where direction = 'out'), 0) as numeric(18, 2)) as outflow,
    max(transaction_date) as last_transaction_date
  from {{ ref('int_transactions') }}
  group by customer_id

)

select
  customer_id,
  transaction_count,
  total_amount,
  inflow,
  outflow,
  cast(inflow - outflow as numeric(18, 2)) as net,
  last_transaction_date,
  row_number() over (order by total_amount desc, customer_id) as customer_rank,
  case
    when total_amount >= {{ var('premium_from') }} then 'premium'
    when total_amount >= {{ var('plus_from') }} then 'plus'
    else 'standard'
  end as segment
from totals
