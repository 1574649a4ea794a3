{{ config(schema=none, grants={'+select': ['x']}, indexes=[{'columns': ['id'], 'unique': true}]) }}
{% set q = run_query('select 1 as a') %}
{% if execute %}{% set v = q.columns[0].values() %}{% endif %}
select 1 as id, 'x' as "Weird Col"
