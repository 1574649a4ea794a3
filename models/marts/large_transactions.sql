{{ config(materialized='view') }}

select
  transaction_id,
  customer_id,
  transaction_date,
  transaction_type,
  direction,
  amount
from {{ ref('int_transactions') }}
where amount >= {{ var('large_transaction_from') }}
