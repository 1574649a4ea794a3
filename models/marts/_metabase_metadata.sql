{#
  Metabase reads a table of this name at every sync: descriptions and semantic types of the marts, as the project has them,
  without an API key. A key is table.key or table.column.key.
#}
{{ config(materialized='view') }}

{%- set rows = [] -%}
{%- macro add(key, value) -%}
  {%- if value -%}
    {%- do rows.append("('" ~ key ~ "', '" ~ value | trim | replace("'", "''") ~ "')") -%}
  {%- endif -%}
{%- endmacro -%}
{%- if execute -%}
  {%- for node in graph.nodes.values() | sort(attribute='unique_id') if node.resource_type == 'model' and node.schema == model.schema and node.name != model.name -%}
    {{- add(node.alias ~ '.description', node.description) -}}
    {%- for column in node.columns.values() -%}
      {{- add(node.alias ~ '.' ~ column.name ~ '.description', column.description) -}}
      {{- add(node.alias ~ '.' ~ column.name ~ '.semantic_type', column.meta['metabase.semantic_type']) -}}
    {%- endfor -%}
  {%- endfor -%}
{%- endif %}

select keypath, value
from (
  values
    (null, null)
    {%- for row in rows %},
    {{ row }}
    {%- endfor %}
) as said (keypath, value)
where keypath is not null
