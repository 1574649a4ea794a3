{{ config(materialized='view') }}

{{ count_by_size(ref('customer_summary'), 'total_amount') }}
