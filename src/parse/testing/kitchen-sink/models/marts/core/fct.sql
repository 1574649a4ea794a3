{{ config({'unique_key': 'id', 'tags': 'one'}) }}
select * from {{ my_ref('stg_b') }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
