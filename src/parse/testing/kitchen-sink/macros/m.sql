{% macro my_ref(n) %}{{ return(ref(n)) }}{% endmacro %}
{% macro helper() %}{{ my_ref('dim') }}{% endmacro %}
{% test positive(model, column_name, than=0) %}
{{ config(severity='error', fail_calc='coalesce(sum(n),0)') }}
select 1 as n from {{ model }} where {{ column_name }} <= {{ than }}
{% endtest %}
