-- Transactions as delivered, without the rows that break a rule. The same transaction may have been delivered twice.
select
  transaction_id,
  customer_id,
  customer_name,
  transaction_date,
  transaction_type,
  amount,
  _file,
  _line,
  _batch_id,
  _loaded_at
from {{ ref('stg_transactions_checked') }}
where broken_rule is null
