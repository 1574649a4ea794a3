{{ config(materialized='view') }}

select
  customer_id,
  transaction_type,
  {{ masked_name('customer_name') }} as customer_name,
  transaction_count,
  total_amount,
  amount,
  average_amount,
  median_amount,
  smallest_amount,
  largest_amount,
  first_transaction_date,
  last_transaction_date
from {{ ref('customer_summary') }}
