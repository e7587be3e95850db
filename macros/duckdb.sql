{# How tables and views are put into a DuckDB file. The file has one writer and no reader while it is written, and a change that fails is
   undone: what was there goes and what is new comes under its own name, in one statement. dbt's way, by names of passage, takes six, and on
   MIMIC-IV's demo longer than many a model. #}

{% materialization table, adapter='duckdb' %}
{{ return(duckdb_put('table', create_table_as(false, this, compiled_code))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
{{ return(duckdb_put('view', get_create_view_as_sql(this, compiled_code))) }}
{% endmaterialization %}

{% macro duckdb_put(type, query) %}
{%- set before = load_cached_relation(this) -%}
{%- do run_hooks(pre_hooks) -%}
{%- call statement('main') -%}
{{ 'drop ' ~ before.type ~ ' if exists ' ~ before ~ ';' if before }}
{{ query }}
{%- endcall -%}
{%- do run_hooks(post_hooks) -%}
{%- do adapter.commit() -%}
{{ return({'relations': [this.incorporate(type=type)]}) }}
{% endmacro %}
