{# What a command may not begin without, then the mark of a build in progress: the mark that a driver sets after success goes before
   anything changes, and the record says "unfinished" until record_build replaces it. #}
{% macro begin_build() %}
{%- if not execute or not is_run() -%}{{ return('') }}{%- endif -%}
{%- if flags.WHICH in ('build', 'run', 'seed') -%}
    {%- do adapter.dispatch('lock_schema')() -%}
    {%- do require_parents() -%}
    {%- if flags.WHICH != 'seed' and not is_whole_build() -%}{%- do adapter.dispatch('refuse_emptied')() -%}{%- endif -%}
    {{ return(adapter.dispatch('forget_build')()) }}
{%- elif flags.WHICH == 'test' -%}
    {%- do require_parents() -%}
    {%- do adapter.dispatch('refuse_emptied')() -%}
{%- endif -%}
{% endmacro %}

{# True when every model that a build must have is going to be built. #}
{% macro is_whole_build() %}
{{ return(needed_models() | map(attribute='unique_id') | reject('in', selected_resources) | list | length == 0) }}
{% endmacro %}

{# All models but those of the trial and of the controls, which a build may leave out: whether they are of it, build_model says. #}
{% macro needed_models() %}
{%- set needed = [] -%}
{%- for node in own(graph.nodes.values(), ['model']) if 'trial' not in node.tags and 'controls' not in node.tags -%}{%- do needed.append(node) -%}{%- endfor -%}
{{ return(needed) }}
{% endmacro %}

{% macro postgres__forget_build() %}
{{ lock_timeout() }};
comment on schema {{ adapter.quote(study_schema()) }} is null;
{{ record_tables('unlogged') }};
alter table {{ build_table('run') }} add column if not exists made_from text;
alter table {{ build_table('run') }} add column if not exists invocation text;
{{ begin_record() }}
{% endmacro %}
{# a schema cannot be commented on there: the mark of a driver is a comment on the record #}
{% macro duckdb__forget_build() %}
{{ record_tables() }};
comment on table {{ build_table('run') }} is null;
{{ begin_record() }}
{% endmacro %}

{# `of_models` says what kind of table the one is that must not outlive the models. #}
{% macro record_tables(of_models='') %}
create table if not exists {{ build_table('run') }} (
    status text, made_from text, command text, models_built integer, models_in_project integer, data_tests_in_project integer,
    finished_at text, dbt_version text, adapter text, server_version text, latest_years text, invocation text
);
create table if not exists {{ build_table('definition') }} (name text, value text, default_value text);
create table if not exists {{ build_table('test') }} (
    unique_id text, name text, model text, status text, failures bigint, description text
);
create table if not exists {{ build_table('source') }} (name text, about_rows bigint);
create {{ of_models }} table if not exists {{ build_table('model') }} (name text, made_from text)
{%- endmacro %}

{% macro begin_record() %}
insert into {{ build_table('run') }} (models_built)
select 0 where not exists (select 1 from {{ build_table('run') }});
update {{ build_table('run') }} set
    status = 'unfinished',
    invocation = {{ text_literal(invocation_id) }},
    made_from = {{ text_literal(made_from() ~ told_to_leave_out()) }},
    command = {{ text_literal(flags.WHICH) }},
    models_built = 0,
    finished_at = null;
delete from {{ build_table('test') }}
{% endmacro %}

{% macro build_table(name) %}{{ return(adapter.quote(study_schema()) ~ '.build_' ~ name) }}{% endmacro %}
