{{ config(materialized='view') }}

-- Customers without a transaction for so many days before the day that the analysis looks from.
select
  customer_id,
  last_transaction_date,
  cast('{{ var("as_of_date") }}' as date) - last_transaction_date as days_since_last_transaction,
  transaction_count,
  total_amount,
  segment
from {{ ref('customer_overview') }}
where last_transaction_date < cast('{{ var("as_of_date") }}' as date) - {{ var('dormant_after_days') }}
