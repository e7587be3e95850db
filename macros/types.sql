{# Types that engines name in their own way. #}
{% macro double() %}{{ return(adapter.dispatch('double')()) }}{% endmacro %}
{% macro default__double() %}double precision{% endmacro %}
{% macro spark__double() %}double{% endmacro %}
{% macro text() %}{{ return(adapter.dispatch('text')()) }}{% endmacro %}
{% macro default__text() %}text{% endmacro %}
{% macro spark__text() %}string{% endmacro %}
{# a time without zone #}
{% macro timestamp() %}{{ return(adapter.dispatch('timestamp')()) }}{% endmacro %}
{% macro default__timestamp() %}timestamp{% endmacro %}
