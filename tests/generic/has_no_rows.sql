{# Each row is one too many. #}
{% test has_no_rows(model) %}
select * from {{ model }}
{% endtest %}
