-- {{ ref('countries') }}
with x as (select * from {{ source('raw', 'Orders') }}) select 1 as id, {{ var('days') }} as d, '{{ var("scoped") }}' as s from x
