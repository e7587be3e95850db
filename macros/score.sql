{# `when` lines of a points table, worst first: {points: threshold} compared to `value` by `operator`. #}
{% macro points_when(value, operator, thresholds) %}
{%- for points, threshold in thresholds | dictsort(reverse=true) %}
        when {{ value }} {{ operator }} {{ threshold }} then {{ points }}
{%- endfor %}
{% endmacro %}

{# Highest of several expressions, NULLs left out. #}
{% macro highest(values) %}greatest({{ values | join(', ') }}){% endmacro %}
