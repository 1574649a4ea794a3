{{ config(materialized='ephemeral') }}

-- The name each customer has now, and since when. A customer is known by number: one who takes another name stays one
-- customer.
with in_order as (

  select
    customer_id,
    customer_name,
    transaction_date,
    -- counts from the latest transaction backwards
    row_number() over (partition by customer_id order by transaction_date desc, transaction_id desc) as position,
    first_value(customer_name)
      over (partition by customer_id order by transaction_date desc, transaction_id desc) as latest_name
  from {{ ref('int_transactions') }}

),

last_other_name as (

  select customer_id, min(position) as position
  from in_order
  where customer_name <> latest_name
  group by customer_id

)

select
  in_order.customer_id,
  in_order.latest_name as customer_name,
  min(in_order.transaction_date) as name_since
from in_order
left join last_other_name on last_other_name.customer_id = in_order.customer_id
where last_other_name.position is null or in_order.position < last_other_name.position
group by in_order.customer_id, in_order.latest_name
