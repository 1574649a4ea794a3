{{ config(tags=['b', 'shop'], meta={'x': 1, 'level': 2}, pre_hook=["select 'p1'", "select 'p2'"], schema=var('nope', 'stgb')) }}
{{ config(alias='bee', post_hook=after_commit('vacuum')) }}
select * from {{ ref('stg_a') }}, {{ ref('shop', 'countries') }}
