{% snapshot snap_one %}
{{ config(unique_key='id', strategy='check', check_cols='all', target_schema='snappy') }}
select * from {{ ref('dim') }}
{% endsnapshot %}
{% snapshot snap_two %}
{{ config(unique_key='id', strategy='timestamp', updated_at='u') }}
select * from {{ source('raw','Orders') }}
{% endsnapshot %}
