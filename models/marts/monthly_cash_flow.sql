{{ config(indexes=[{'columns': ['cash_month', 'transaction_type'], 'unique': true}]) }}

-- Every month between the first and the last transaction has a row for every type, also when nothing happened.
with months as (

  select cast(generate_series(min(transaction_month), max(transaction_month), interval '1 month') as date) as cash_month
  from {{ ref('int_transactions') }}

),

flows as (

  select
    transaction_month,
    transaction_type,
    count(*) as transaction_count,
    sum(amount) as total_amount,
    sum(signed_amount) as net
  from {{ ref('int_transactions') }}
  group by transaction_month, transaction_type

),

grid as (

  select
    months.cash_month,
    types.transaction_type,
    types.direction,
    coalesce(flows.transaction_count, 0) as transaction_count,
    cast(coalesce(flows.total_amount, 0) as numeric(18, 2)) as total_amount,
    cast(coalesce(flows.net, 0) as numeric(18, 2)) as net
  from months
  cross join {{ ref('transaction_types') }} as types
  left join flows
    on flows.transaction_month = months.cash_month
    and flows.transaction_type = types.transaction_type

),

running as (

  select
    *,
    cast(sum(net) over (partition by transaction_type order by cash_month) as numeric(18, 2)) as closing_balance
  from grid

)

select
  cash_month,
  transaction_type,
  direction,
  transaction_count,
  total_amount,
  cast(
    coalesce(lag(closing_balance) over (partition by transaction_type order by cash_month), 0) as numeric(18, 2)
  ) as opening_balance,
  net,
  closing_balance
from running
