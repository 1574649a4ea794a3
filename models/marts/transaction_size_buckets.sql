{{ config(materialized='view') }}

{{ count_by_size(ref('int_transactions'), 'amount') }}
