{#
  A model's `schema` is the layer it belongs to: staging, intermediate, marts. On every server the schema has exactly that
  name, whatever the target is called. Who shares a database with others gives their target a `schema` of its own in
  profiles.yml, and the layers get it in front: alice_staging, ci_4711_marts.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if custom_schema_name is none -%}
    {{ target.schema }}
  {%- elif target.schema == 'analytics' -%}
    {{ custom_schema_name | trim }}
  {%- else -%}
    {{ target.schema }}_{{ custom_schema_name | trim }}
  {%- endif -%}
{%- endmacro %}
