-- Every raw row, cast and normalised, with the first business rule it breaks.
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

),

cast_safely as (

  select
    *,
    {{ safe_date('transaction_date_text') }} as transaction_date,
    {{ safe_amount('amount_text') }} as amount
  from cleaned

)

select
  checked.transaction_id,
  checked.customer_id,
  checked.customer_name,
  checked.transaction_date,
  checked.transaction_type,
  checked.amount,
  case
    when checked.transaction_id is null then 'transaction_id_missing'
    when checked.customer_id is null then 'customer_id_missing'
    when checked.customer_name is null then 'customer_name_missing'
    when checked.transaction_date_text is null then 'transaction_date_missing'
    when checked.transaction_date is null then 'transaction_date_unparsable'
    when checked.transaction_date > cast('{{ var("as_of_date") }}' as date) then 'transaction_date_in_future'
    when checked.transaction_type is null then 'transaction_type_missing'
    when types.transaction_type is null then 'transaction_type_unknown'
    when checked.amount_text is null then 'amount_missing'
    when checked.amount is null then 'amount_unparsable'
    when checked.amount <= 0 then 'amount_not_positive'
  end as broken_rule,
  checked._file,
  checked._line,
  checked._batch_id,
  checked._loaded_at
from cast_safely as checked
left join {{ ref('transaction_types') }} as types on types.transaction_type = checked.transaction_type
