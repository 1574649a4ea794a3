{{
  config(
    grants={'select': ['bank_personal_data']},
    indexes=[{'columns': ['customer_id'], 'unique': true}]
  )
}}

select
  names.customer_id,
  names.customer_name,
  cast(names.name_since as timestamp) as name_since,
  activity.names_used,
  activity.first_transaction_date,
  activity.last_transaction_date
from {{ ref('int_customer_names') }} as names
inner join (
  select
    customer_id,
    count(distinct customer_name) as names_used,
    min(transaction_date) as first_transaction_date,
    max(transaction_date) as last_transaction_date
  from {{ ref('int_transactions') }}
  group by customer_id
) as activity on activity.customer_id = names.customer_id
