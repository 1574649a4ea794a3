{{ config(severity='warn', tags=['sing'], store_failures=true) }}
select * from {{ ref('dim') }} where id < 0
