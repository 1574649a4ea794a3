{{
  config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='transaction_id',
    on_schema_change='fail',
    indexes=[{'columns': ['transaction_id'], 'unique': true}]
  )
}}

-- One row per transaction: its first delivery.
--
-- What has changed since the last build is told by the rows themselves, not by dates: a file may arrive late, or again,
-- or be replaced by a corrected one, and then it loses rows as well as gaining some. A row is known by its place (file,
-- batch, line), and a replaced file comes in a new batch. A transaction that is no longer in any file keeps its row,
-- marked as withdrawn, so that nothing vanishes without a trace; models read int_transactions, which leaves it out.

with delivered as (

  select * from {{ ref('stg_transactions') }}

),

{% if is_incremental() %}

known as (

  select * from {{ this }} where not is_withdrawn

),

changed as (

  -- delivered, but not here: new, or back again
  select transaction_id
  from delivered
  where not exists (select from known where known.transaction_id = delivered.transaction_id)
  union
  -- here, but an earlier delivery has turned up: its load finished later, or a rule no longer refuses it
  select delivered.transaction_id
  from delivered
  inner join known on known.transaction_id = delivered.transaction_id
  where (delivered._batch_id, delivered._file, delivered._line) < (known._batch_id, known._file, known._line)
  union
  -- here, but its row is no longer delivered: the file was replaced or taken away
  select transaction_id
  from known
  where not exists (
    select from delivered
    where delivered._file = known._file and delivered._batch_id = known._batch_id and delivered._line = known._line
  )

),

{% endif %}

first_deliveries as (

  select distinct on (transaction_id) *
  from delivered
  {% if is_incremental() %}
  where transaction_id in (select transaction_id from changed)
  {% endif %}
  order by transaction_id, _batch_id, _file, _line

)

select
  transaction_id,
  customer_id,
  customer_name,
  transaction_date,
  transaction_type,
  amount,
  false as is_withdrawn,
  _file,
  _line,
  _batch_id,
  _loaded_at
from first_deliveries

{% if is_incremental() %}

union all

select
  transaction_id,
  customer_id,
  customer_name,
  transaction_date,
  transaction_type,
  amount,
  true as is_withdrawn,
  _file,
  _line,
  _batch_id,
  _loaded_at
from known
where transaction_id in (select transaction_id from changed)
  and not exists (select from delivered where delivered.transaction_id = known.transaction_id)

{% endif %}
