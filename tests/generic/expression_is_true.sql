{#
  A condition holds in every row; one that is neither true nor false fails too. On a column, the expression goes on after
  the column's name: "= 0".
#}
{% test expression_is_true(model, expression, column_name='') %}
select *
from {{ model }}
where ({{ column_name }} {{ expression }}) is not true
{% endtest %}
