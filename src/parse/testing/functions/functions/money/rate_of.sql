{{ config(alias='rate') }}
select max(rate) from {{ ref('rates') }} where up_to > net
