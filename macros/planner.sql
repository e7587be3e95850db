{# Statistics for the planner, right after a table is filled: the models that follow need them at once. #}
{% macro analyze(relation) %}
{%- if config.get('materialized') != 'view' %}{{ return(adapter.dispatch('analyze')(relation)) }}{% endif -%}
{% endmacro %}
{% macro postgres__analyze(relation) %}analyze {{ relation }}{% endmacro %}
{# it counts while it writes #}
{% macro duckdb__analyze(relation) %}{% endmacro %}
{# the sizes of files are enough for it to choose what it sends to every machine #}
{% macro spark__analyze(relation) %}{% endmacro %}

{# At the end of a subquery: what it computes is computed once for each row. PostgreSQL puts an expression in each place where a later
   step names it, and computes it in each; a subquery with an offset stays whole. #}
{% macro computed_once() %}{{ return(adapter.dispatch('computed_once')()) }}{% endmacro %}
{% macro default__computed_once() %}{% endmacro %}
{% macro postgres__computed_once() %}offset 0{% endmacro %}
