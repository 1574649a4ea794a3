{{
  config(
    grants={'select': ['bank_personal_data']},
    indexes=[{'columns': ['transaction_type']}]
  )
}}

select
  transactions.customer_id,
  transactions.transaction_type,
  customers.customer_name,
  count(*) as transaction_count,
  cast(sum(transactions.amount) as numeric(18, 2)) as total_amount,
  cast(sum(transactions.amount) as numeric(18, 2)) as amount,
  cast(round(avg(transactions.amount), 2) as numeric(18, 2)) as average_amount,
  cast({{ exact_percentile(0.5, 'transactions.amount') }} as numeric(18, 2)) as median_amount,
  cast(min(transactions.amount) as numeric(18, 2)) as smallest_amount,
  cast(max(transactions.amount) as numeric(18, 2)) as largest_amount,
  min(transactions.transaction_date) as first_transaction_date,
  max(transactions.transaction_date) as last_transaction_date
from {{ ref('int_transactions') }} as transactions
inner join {{ ref('dim_customers') }} as customers on customers.customer_id = transactions.customer_id
group by transactions.customer_id, transactions.transaction_type, customers.customer_name
