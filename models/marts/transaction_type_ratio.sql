{{ config(materialized='view') }}

select
  types.transaction_type,
  types.label,
  types.direction,
  types.sort_order,
  count(transactions.transaction_id) as transaction_count,
  cast(coalesce(sum(transactions.amount), 0) as numeric(18, 2)) as total_amount,
  {{ share('count(transactions.transaction_id)', 'sum(count(transactions.transaction_id)) over ()') }} as share_of_count,
  {{ share('coalesce(sum(transactions.amount), 0)', 'sum(sum(transactions.amount)) over ()') }} as share_of_amount
from {{ ref('transaction_types') }} as types
left join {{ ref('int_transactions') }} as transactions on transactions.transaction_type = types.transaction_type
group by types.transaction_type, types.label, types.direction, types.sort_order
