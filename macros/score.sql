{# `when` lines of a points table, worst first: {points: threshold} compared to `value` by `operator`. #}
{% macro points_when(value, operator, thresholds) %}
{%- for points in points_of(thresholds) %}
        when {{ value }} {{ operator }} {{ threshold_of(thresholds, points) }} then {{ points }}
{%- endfor %}
{% endmacro %}

{# The points of a table, most first. Its keys are text (with numbers, dbt cannot keep what it has parsed) or numbers. #}
{% macro points_of(thresholds) %}{{ return(thresholds.keys() | map('int') | sort(reverse=true) | list) }}{% endmacro %}
{% macro threshold_of(thresholds, points) %}{{ return(thresholds.get(points, thresholds.get(points | string))) }}{% endmacro %}
