{# A column adds up to a figure. Shares are rounded to six decimals, hence the tolerance. Nothing has no sum. #}
{% test sums_to(model, column_name, expected=1, tolerance=0.00001) %}
select sum({{ column_name }}) as found, {{ expected }} as expected
from {{ model }}
having abs(sum({{ column_name }}) - {{ expected }}) > {{ tolerance }}
{% endtest %}
