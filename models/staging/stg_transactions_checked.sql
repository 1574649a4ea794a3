{{ config(materialized='table') }}

-- Every raw row, cast and normalised, with the first business rule it breaks. A table, because half a dozen models and
-- tests read it, and reading text as dates and amounts is the dearest step of all.
--
-- `offset 0` keeps Postgres from writing each step's expressions out again wherever the next step uses them: a date is
-- taken apart once a row, not six times.
with cleaned as (

  select
    upper({{ clean_text('transaction_id') }}) as transaction_id,
    upper({{ clean_text('customer_id') }}) as customer_id,
    regexp_replace({{ clean_text('customer_name') }}, '\s+', ' ', 'g') as customer_name,
    {{ clean_text('transaction_date') }} as transaction_date_text,
    lower({{ clean_text('transaction_type') }}) as transaction_type,
    {{ clean_text('amount') }} as amount_text,
    _file,
    _line,
    _batch_id,
    _loaded_at
  from {{ source('raw', 'transactions') }}
  offset 0

),

cast_safely as (

  select
    *,
    {{ safe_date('transaction_date_text') }} as transaction_date,
    {{ safe_amount('amount_text') }} as amount
  from cleaned
  offset 0

)

select
  transaction_id,
  customer_id,
  customer_name,
  transaction_date,
  transaction_type,
  amount,
  case
    when transaction_id is null then 'transaction_id_missing'
    when customer_id is null then 'customer_id_missing'
    when customer_name is null then 'customer_name_missing'
    when transaction_date_text is null then 'transaction_date_missing'
    when transaction_date is null then 'transaction_date_unparsable'
    when transaction_date > cast('{{ var("as_of_date") }}' as date) then 'transaction_date_in_future'
    when transaction_type is null then 'transaction_type_missing'
    when transaction_type not in (select transaction_type from {{ ref('transaction_types') }}) then 'transaction_type_unknown'
    when amount_text is null then 'amount_missing'
    when amount is null then 'amount_unparsable'
    when amount <= 0 then 'amount_not_positive'
  end as broken_rule,
  _file,
  _line,
  _batch_id,
  _loaded_at
from cast_safely
