{{ config(materialized='view') }}

-- The transactions that count. Marts read this, not the tables behind it.
select
  transaction_id,
  customer_id,
  customer_name,
  transaction_date,
  transaction_month,
  transaction_type,
  direction,
  amount,
  signed_amount,
  size_bucket
from {{ ref('int_transactions_enriched') }}
where not is_withdrawn
