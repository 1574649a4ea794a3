{# Words of dbt's for what `adapter` answers. #}

{% macro load_relation(relation) -%}
  {{ return(adapter.get_relation(relation.database, relation.schema, relation.identifier)) }}
{%- endmacro %}

{% macro load_cached_relation(relation) -%}
  {{ return(load_relation(relation)) }}
{%- endmacro %}

{% macro get_columns_in_relation(relation) -%}
  {{ return(adapter.get_columns_in_relation(relation)) }}
{%- endmacro %}

{% macro should_store_failures() -%}
  {{ return(config.get('store_failures', false)) }}
{%- endmacro %}
