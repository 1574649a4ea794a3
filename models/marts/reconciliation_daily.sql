-- Where every delivered row has gone, by day and type. Rows whose date cannot be read stand together, without a date.
--
-- The raw side is counted from the files' rows themselves and shares no model with the mart side.
with raw_rows as (

  select
    {{ safe_date(clean_text('transaction_date')) }} as transaction_date,
    lower({{ clean_text('transaction_type') }}) as transaction_type,
    count(*) as raw_rows,
    coalesce(sum({{ safe_amount(clean_text('amount')) }}), 0) as raw_amount
  from {{ source('raw', 'transactions') }}
  group by 1, 2

),

quarantined as (

  select
    cast(null as date) as transaction_date,
    cast(null as text) as transaction_type,
    count(*) as quarantined_rows
  from {{ source('raw', 'transactions__rejected') }}

),

rejected as (

  select
    transaction_date,
    transaction_type,
    count(*) as rejected_rows,
    coalesce(sum(amount), 0) as rejected_amount
  from {{ ref('stg_transactions_rejected') }}
  group by transaction_date, transaction_type

),

-- delivered again, word for word
duplicates as (

  select
    delivered.transaction_date,
    delivered.transaction_type,
    count(*) as duplicate_rows,
    sum(delivered.amount) as duplicate_amount
  from {{ ref('stg_transactions') }} as delivered
  inner join {{ ref('int_transactions_deduplicated') }} as kept
    on kept.transaction_id = delivered.transaction_id
    and not kept.is_withdrawn
  where (kept._file, kept._line, kept._batch_id) is distinct from (delivered._file, delivered._line, delivered._batch_id)
    and row(kept.customer_id, kept.customer_name, kept.transaction_date, kept.transaction_type, kept.amount)
      is not distinct from row(
        delivered.customer_id, delivered.customer_name, delivered.transaction_date, delivered.transaction_type,
        delivered.amount
      )
  group by delivered.transaction_date, delivered.transaction_type

),

accepted as (

  select transaction_date, transaction_type, count(*) as accepted_rows, sum(amount) as accepted_amount
  from {{ ref('int_transactions_deduplicated') }}
  where not is_withdrawn
  group by transaction_date, transaction_type

),

mart as (

  select transaction_date, transaction_type, count(*) as mart_rows, sum(amount) as mart_amount
  from {{ ref('int_transactions') }}
  group by transaction_date, transaction_type

),

parts as (

  select transaction_date, transaction_type, raw_rows, raw_amount, 0 as quarantined_rows, 0 as rejected_rows,
    0 as rejected_amount, 0 as duplicate_rows, 0 as duplicate_amount, 0 as accepted_rows, 0 as accepted_amount,
    0 as mart_rows, 0 as mart_amount
  from raw_rows
  union all
  select transaction_date, transaction_type, 0, 0, quarantined_rows, 0, 0, 0, 0, 0, 0, 0, 0
  from quarantined where quarantined_rows > 0
  union all
  select transaction_date, transaction_type, 0, 0, 0, rejected_rows, rejected_amount, 0, 0, 0, 0, 0, 0 from rejected
  union all
  select transaction_date, transaction_type, 0, 0, 0, 0, 0, duplicate_rows, duplicate_amount, 0, 0, 0, 0
  from duplicates
  union all
  select transaction_date, transaction_type, 0, 0, 0, 0, 0, 0, 0, accepted_rows, accepted_amount, 0, 0 from accepted
  union all
  select transaction_date, transaction_type, 0, 0, 0, 0, 0, 0, 0, 0, 0, mart_rows, mart_amount from mart

)

select
  concat(coalesce(cast(transaction_date as text), 'no date'), ' ', coalesce(transaction_type, 'no type'))
    as reconciliation_key,
  transaction_date,
  transaction_type,
  cast(sum(raw_rows) as bigint) as raw_rows,
  cast(sum(raw_amount) as numeric(18, 2)) as raw_amount,
  cast(sum(quarantined_rows) as bigint) as quarantined_rows,
  cast(sum(rejected_rows) as bigint) as rejected_rows,
  cast(sum(rejected_amount) as numeric(18, 2)) as rejected_amount,
  cast(sum(duplicate_rows) as bigint) as duplicate_rows,
  cast(sum(duplicate_amount) as numeric(18, 2)) as duplicate_amount,
  cast(sum(accepted_rows) as bigint) as accepted_rows,
  cast(sum(accepted_amount) as numeric(18, 2)) as accepted_amount,
  cast(sum(mart_rows) as bigint) as mart_rows,
  cast(sum(mart_amount) as numeric(18, 2)) as mart_amount,
  cast(sum(raw_rows - rejected_rows - duplicate_rows - mart_rows) as bigint) as difference_rows,
  cast(sum(raw_amount - rejected_amount - duplicate_amount - mart_amount) as numeric(18, 2)) as difference_amount
from parts
group by transaction_date, transaction_type
