{{
  config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='transaction_id',
    on_schema_change='fail',
    indexes=[
      {'columns': ['transaction_id'], 'unique': true},
      {'columns': ['customer_id', 'transaction_type']}
    ]
  )
}}

-- Every transaction with what the bank's own tables say about it.
with enriched as (

  select
    transactions.transaction_id,
    transactions.customer_id,
    transactions.customer_name,
    transactions.transaction_date,
    cast(date_trunc('month', transactions.transaction_date) as date) as transaction_month,
    transactions.transaction_type,
    types.direction,
    transactions.amount,
    cast(
      case types.direction when 'in' then transactions.amount else -transactions.amount end as numeric(18, 2)
    ) as signed_amount,
    buckets.size_bucket,
    transactions.is_withdrawn
  from {{ ref('int_transactions_deduplicated') }} as transactions
  left join {{ ref('transaction_types') }} as types
    on types.transaction_type = transactions.transaction_type
  left join {{ ref('size_buckets') }} as buckets
    on transactions.amount >= buckets.lower_bound
    and (buckets.upper_bound is null or transactions.amount < buckets.upper_bound)

)

select enriched.*
from enriched

{% if is_incremental() %}
-- Only rows that would come out differently are written: new ones, corrected ones, and those that a changed seed touches.
left join {{ this }} as present on present.transaction_id = enriched.transaction_id
where present.transaction_id is null
  or row(
    present.customer_id, present.customer_name, present.transaction_date, present.transaction_type,
    present.direction, present.amount, present.signed_amount, present.size_bucket, present.is_withdrawn
  ) is distinct from row(
    enriched.customer_id, enriched.customer_name, enriched.transaction_date, enriched.transaction_type,
    enriched.direction, enriched.amount, enriched.signed_amount, enriched.size_bucket, enriched.is_withdrawn
  )
{% endif %}
