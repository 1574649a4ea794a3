{#
  dbt's materialisations as templates. They run where a project overrides something that they call, such as
  create_table_as or run_hooks; otherwise Sluice's own, which replace relations without dropping what depends on them.
#}

{% materialization table, default %}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set intermediate = make_intermediate_relation(target_relation) -%}
  {%- set backup = make_backup_relation(target_relation, 'table' if existing is none else existing.type) -%}
  {%- set grant_config = config.get('grants') -%}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% call statement('main') -%}
    {{ get_create_table_as_sql(false, intermediate, sql) }}
  {%- endcall %}
  {%- do create_indexes(intermediate) -%}
  {%- if existing is not none -%}
    {{ adapter.rename_relation(load_cached_relation(existing) or existing, backup) }}
  {%- endif -%}
  {{ adapter.rename_relation(intermediate, target_relation) }}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {%- do apply_grants(target_relation, grant_config, should_revoke=should_revoke(existing, full_refresh_mode=true)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {{ adapter.commit() }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, default %}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='view') -%}
  {%- set intermediate = make_intermediate_relation(target_relation) -%}
  {%- set backup = make_backup_relation(target_relation, 'view' if existing is none else existing.type) -%}
  {%- set grant_config = config.get('grants') -%}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {% call statement('main') -%}
    {{ get_create_view_as_sql(intermediate, sql) }}
  {%- endcall %}
  {%- if existing is not none -%}
    {{ adapter.rename_relation(existing, backup) }}
  {%- endif -%}
  {{ adapter.rename_relation(intermediate, target_relation) }}
  {%- do apply_grants(target_relation, grant_config, should_revoke=should_revoke(existing, full_refresh_mode=true)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {{ adapter.commit() }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization incremental, default %}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set temporary = make_temp_relation(target_relation) -%}
  {%- set intermediate = make_intermediate_relation(target_relation) -%}
  {%- set backup = make_backup_relation(target_relation, 'table' if existing is none else existing.type) -%}
  {%- set anew = should_full_refresh() or (existing is not none and not existing.is_table) -%}
  {%- set on_schema_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') -%}
  {%- set grant_config = config.get('grants') -%}
  {%- set strategy = adapter.get_incremental_strategy_macro(context, config.get('incremental_strategy') or 'default') -%}
  {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
  {{ drop_relation_if_exists(load_cached_relation(backup)) }}
  {{ run_hooks(pre_hooks, inside_transaction=false) }}
  {{ run_hooks(pre_hooks, inside_transaction=true) }}
  {%- if existing is none -%}
    {%- set build_sql = get_create_table_as_sql(false, target_relation, sql) -%}
  {%- elif anew -%}
    {%- set build_sql = get_create_table_as_sql(false, intermediate, sql) -%}
  {%- else -%}
    {%- do run_query(get_create_table_as_sql(true, temporary, sql)) -%}
    {%- do adapter.expand_target_column_types(from_relation=temporary, to_relation=target_relation) -%}
    {%- set columns = process_schema_changes(on_schema_change, temporary, existing) or adapter.get_columns_in_relation(existing) -%}
    {%- set build_sql = strategy({
      'target_relation': target_relation,
      'temp_relation': temporary,
      'unique_key': config.get('unique_key'),
      'dest_columns': columns,
      'incremental_predicates': config.get('predicates', none) or config.get('incremental_predicates', none),
    }) -%}
  {%- endif -%}
  {% call statement('main') -%}
    {{ build_sql }}
  {%- endcall %}
  {%- if existing is none or anew -%}
    {%- do create_indexes(target_relation if existing is none else intermediate) -%}
  {%- endif -%}
  {%- if existing is not none and anew -%}
    {%- do adapter.rename_relation(existing, backup) -%}
    {%- do adapter.rename_relation(intermediate, target_relation) -%}
  {%- endif -%}
  {%- do apply_grants(target_relation, grant_config, should_revoke=should_revoke(existing, anew)) -%}
  {%- do persist_docs(target_relation, model) -%}
  {{ run_hooks(post_hooks, inside_transaction=true) }}
  {%- do adapter.commit() -%}
  {%- if existing is not none and anew -%}
    {%- do adapter.drop_relation(backup) -%}
  {%- endif -%}
  {{ run_hooks(post_hooks, inside_transaction=false) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
