{% test row_more(model, compare_model, factor=1, opts={}) %}
select 1 from {{ model }}, {{ compare_model }} where false
{% endtest %}
