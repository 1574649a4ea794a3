{# Words of dbt's for what `adapter` answers. #}

{% macro load_relation(relation) -%}
  {{ return(adapter.get_relation(relation.database, relation.schema, relation.identifier)) }}
{%- endmacro %}

{% macro load_cached_relation(relation) -%}
  {{ return(load_relation(relation)) }}
{%- endmacro %}

{% macro get_columns_in_relation(relation) -%}
  {{ return(adapter.dispatch('get_columns_in_relation', 'dbt')(relation)) }}
{%- endmacro %}

{% macro postgres__get_columns_in_relation(relation) -%}
  {{ return(adapter.columns_in_catalog(relation)) }}
{%- endmacro %}

{# Rows of information_schema.columns: name, type, length, precision, scale. #}
{% macro sql_convert_columns_in_relation(table) -%}
  {%- set columns = [] -%}
  {%- for row in table.rows -%}
    {%- do columns.append(api.Column(row[0], row[1], row[2], row[3], row[4])) -%}
  {%- endfor -%}
  {{ return(columns) }}
{%- endmacro %}

{% macro should_store_failures() -%}
  {{ return(config.get('store_failures', false)) }}
{%- endmacro %}
