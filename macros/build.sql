{# Statistics for the planner, right after a table is filled: the models that follow need them at once. #}
{% macro analyze(relation) %}
{%- if config.get('materialized') != 'view' %}{{ return(adapter.dispatch('analyze')(relation)) }}{% endif -%}
{% endmacro %}
{% macro postgres__analyze(relation) %}analyze {{ relation }}{% endmacro %}

{# A build in progress is not a finished one: the mark that a driver sets after success goes before anything changes. #}
{% macro forget_build() %}
{% if execute and flags.WHICH in ('build', 'run', 'seed') %}{{ return(adapter.dispatch('forget_build')()) }}{% endif %}
{% endmacro %}
{% macro postgres__forget_build() %}comment on schema {{ adapter.quote(target.schema) }} is null{% endmacro %}
