{% macro mymac() %}{{ return(adapter.dispatch('mymac', 'ctx')()) }}{% endmacro %}
{% macro postgres__mymac() %}pg{% endmacro %}
{% macro default__mymac() %}dflt{% endmacro %}
{% macro plain(arg) %}p-{{ arg }}{% endmacro %}
{% macro kw() %}{{ varargs }} {{ kwargs }}{% endmacro %}
{% macro log_results(results) %}{% if execute %}{% for r in results %}{{ log(r.node.unique_id ~ ' ' ~ r.status ~ ' ' ~ r.message ~ ' ' ~ r.failures, info=true) }}{% endfor %}{% endif %}{% endmacro %}
