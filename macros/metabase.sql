{# Rows ('table.column.property', 'value') of what the project says about the models of a schema, without `except`. #}
{% macro metabase_metadata_rows(schema, except) %}
  {%- set rows = [] -%}
  {%- if execute -%}
    {%- for node in graph.nodes.values() | sort(attribute='unique_id') if node.resource_type == 'model' and node.schema == schema and node.name != except -%}
      {%- set said = [(node.alias ~ '.description', node.description)] -%}
      {%- for column in node.columns.values() -%}
        {%- set key = node.alias ~ '.' ~ column.name -%}
        {%- do said.append((key ~ '.description', column.description)) -%}
        {%- do said.append((key ~ '.semantic_type', column.meta.get('metabase.semantic_type'))) -%}
      {%- endfor -%}
      {%- for key, value in said if value -%}
        {%- do rows.append("('" ~ key ~ "', '" ~ value | trim | replace("'", "''") ~ "')") -%}
      {%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
  {{- return(rows) -}}
{% endmacro %}
