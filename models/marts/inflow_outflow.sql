{{ config(materialized='view') }}

-- Money in: deposits and transfers. Money out: withdrawals and payments. Every transaction is one or the other.
with flows as (

  select
    case direction when 'in' then 'inflow' else 'outflow' end as flow,
    amount
  from {{ ref('int_transactions') }}

)

select
  flow,
  count(*) as transaction_count,
  cast(sum(amount) as numeric(18, 2)) as total_amount,
  {{ share('count(*)', 'sum(count(*)) over ()') }} as share_of_count,
  {{ share('sum(amount)', 'sum(sum(amount)) over ()') }} as share_of_amount
from flows
group by flow
