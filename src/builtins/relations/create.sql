{# Statements that make relations. #}

{% macro set_sql_header(config) -%}
  {{ config.set('sql_header', caller()) }}
{%- endmacro %}

{% macro get_create_table_as_sql(temporary, relation, sql) -%}
  {{ return(adapter.dispatch('get_create_table_as_sql', 'dbt')(temporary, relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_table_as_sql(temporary, relation, sql) -%}
  {{ return(create_table_as(temporary, relation, sql)) }}
{%- endmacro %}

{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}
  {%- if language != 'sql' -%}
    {{ exceptions.raise_compiler_error("a table is made of SQL, not of " ~ language) }}
  {%- endif -%}
  {{ adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code) }}
{%- endmacro %}

{% macro default__create_table_as(temporary, relation, sql) -%}
  {%- set promised = (config.get('contract') or {}).get('enforced', false) -%}
  {{ config.get('sql_header') or '' }}
  create {{ 'temporary ' if temporary else ('unlogged ' if config.get('unlogged', false)) }}table {{ relation }}
  {%- if promised %}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif -%}
  {%- if promised and not temporary %}
    {{ get_table_columns_and_constraints() }};
  insert into {{ relation }} ({{ adapter.dispatch('get_column_names', 'dbt')() }})
  ({{ get_select_subquery(sql) }});
  {%- else %}
  as (
    {{ sql }}
  );
  {%- endif %}
{%- endmacro %}

{% macro get_create_view_as_sql(relation, sql) -%}
  {{ return(adapter.dispatch('get_create_view_as_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_view_as_sql(relation, sql) -%}
  {{ return(create_view_as(relation, sql)) }}
{%- endmacro %}

{% macro create_view_as(relation, sql) -%}
  {{ adapter.dispatch('create_view_as', 'dbt')(relation, sql) }}
{%- endmacro %}

{% macro default__create_view_as(relation, sql) -%}
  {{ config.get('sql_header') or '' }}
  create view {{ relation }}
  {%- if (config.get('contract') or {}).get('enforced', false) %}
    {{ get_assert_columns_equivalent(sql) }}
  {%- endif %} as (
    {{ sql }}
  );
{%- endmacro %}

{% macro get_create_materialized_view_as_sql(relation, sql) -%}
  {{ return(adapter.dispatch('get_create_materialized_view_as_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_materialized_view_as_sql(relation, sql) -%}
  create materialized view if not exists {{ relation }} as {{ sql }};
  {%- for index in config.get('indexes', []) %}
  {{ get_create_index_sql(relation, index) }};
  {%- endfor %}
{%- endmacro %}

{% macro get_create_sql(relation, sql) -%}
  {{ return(adapter.dispatch('get_create_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_sql(relation, sql) -%}
  {%- if relation.is_view -%}
    {{ return(get_create_view_as_sql(relation, sql)) }}
  {%- elif relation.is_materialized_view -%}
    {{ return(get_create_materialized_view_as_sql(relation, sql)) }}
  {%- endif -%}
  {{ return(get_create_table_as_sql(false, relation, sql)) }}
{%- endmacro %}

{# Columns of an enforced contract, in the order promised. #}
{% macro get_column_names() -%}
  {{ adapter.dispatch('get_column_names', 'dbt')() }}
{%- endmacro %}

{% macro default__get_column_names() -%}
  {%- for column in model['columns'].values() -%}
    {{ adapter.quote(column['name']) if column.get('quote') else column['name'] }}{{ ', ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{% macro get_select_subquery(sql) -%}
  {{ return(adapter.dispatch('get_select_subquery', 'dbt')(sql)) }}
{%- endmacro %}

{% macro default__get_select_subquery(sql) -%}
  select {{ adapter.dispatch('get_column_names', 'dbt')() }}
  from (
    {{ sql }}
  ) as model_subq
{%- endmacro %}

{% macro get_table_columns_and_constraints() -%}
  {{ adapter.dispatch('get_table_columns_and_constraints', 'dbt')() }}
{%- endmacro %}

{% macro default__get_table_columns_and_constraints() -%}
  {{ return(table_columns_and_constraints()) }}
{%- endmacro %}

{% macro table_columns_and_constraints() -%}
  {%- set parts = adapter.render_raw_columns_constraints(raw_columns=model['columns']) + adapter.render_raw_model_constraints(raw_constraints=model['constraints']) -%}
  (
    {{ parts | join(',\n    ') }}
  )
{%- endmacro %}

{# Fails where the query does not give what the contract promises. #}
{% macro get_assert_columns_equivalent(sql) -%}
  {{ adapter.dispatch('get_assert_columns_equivalent', 'dbt')(sql) }}
{%- endmacro %}

{% macro default__get_assert_columns_equivalent(sql) -%}
  {{ return(assert_columns_equivalent(sql)) }}
{%- endmacro %}

{% macro assert_columns_equivalent(sql) -%}
  {%- set promised = [] -%}
  {%- for column in model['columns'].values() -%}
    {%- set name = adapter.quote(column['name']) if column.get('quote') else column['name'] -%}
    {%- do promised.append('cast(null as ' ~ column['data_type'] ~ ') as ' ~ name) -%}
  {%- endfor -%}
  {%- set given = get_column_schema_from_query(sql, config.get('sql_header')) -%}
  {%- set wanted = get_column_schema_from_query('select ' ~ promised | join(', ')) -%}
  {%- set same = namespace(value=given | length == wanted | length) -%}
  {%- for column in wanted -%}
    {%- if not given | selectattr('name', 'equalto', column.name) | selectattr('dtype', 'equalto', column.dtype) | list -%}
      {%- set same.value = false -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if not same.value -%}
    {{ exceptions.raise_contract_error(wanted | map(attribute='name') | list, given | map(attribute='name') | list) }}
  {%- endif -%}
{%- endmacro %}
