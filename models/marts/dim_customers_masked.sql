{{ config(materialized='view') }}

select
  customer_id,
  {{ masked_name('customer_name') }} as customer_name,
  first_transaction_date,
  last_transaction_date
from {{ ref('dim_customers') }}
