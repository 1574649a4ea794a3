{#
  A model's `schema` is the layer it belongs to: staging, intermediate, marts. In the targets `dev` (a server of one's
  own) and `prod` the schema has exactly that name. Any other target shares its database with somebody, so the layer
  gets the target's schema in front: alice_staging, ci_4711_marts.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if custom_schema_name is none -%}
    {{ target.schema }}
  {%- elif target.name in ['dev', 'prod'] -%}
    {{ custom_schema_name | trim }}
  {%- else -%}
    {{ target.schema }}_{{ custom_schema_name | trim }}
  {%- endif -%}
{%- endmacro %}
