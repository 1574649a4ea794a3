{{ config(materialized='table') }}

-- Rows that never reach the marts, each with the name of the rule that refused it.
with broken as (

  select * from {{ ref('stg_transactions_checked') }} where broken_rule is not null

),

-- The first delivery of a transaction counts. A later one that tells something else is refused: which of the two is
-- true is for the bank to say, by delivering the wrong file again.
compared as (

  select
    *,
    first_value(row(customer_id, customer_name, transaction_date, transaction_type, amount))
      over (partition by transaction_id order by _batch_id, _file, _line) as first_delivery
  from {{ ref('stg_transactions') }}

)

select
  transaction_id, customer_id, customer_name, transaction_date, transaction_type, amount, broken_rule,
  _file, _line, _batch_id, _loaded_at
from broken

union all

select
  transaction_id, customer_id, customer_name, transaction_date, transaction_type, amount,
  'same_id_other_payload' as broken_rule,
  _file, _line, _batch_id, _loaded_at
from compared
where row(customer_id, customer_name, transaction_date, transaction_type, amount) is distinct from first_delivery
