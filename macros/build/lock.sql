{# One build at a time in a schema, and none while the statistics read it (analysis_py/marts/read.py takes the same lock, shared): two
   would take each other's tables away. dbt closes the session of a hook and of a model when it ends, so that no lock lasts as long as
   a build: each model holds it, shared, for its own transaction (bounded_wait). A build begins when nobody has held it for half a second;
   if two begin in the same moment, the first to find that the schema is no longer its own stops. #}
{% macro postgres__lock_schema() %}
{%- do refuse_foreign() -%}
{%- set tries, needed = 100, 5 -%}
{%- set free = namespace(times=0) -%}
{%- for _ in range(tries) if free.times < needed -%}
    {%- set found = run_query(
        "select pg_try_advisory_lock(hashtext('dexsic'), hashtext(" ~ text_literal(study_schema()) ~ ")) as locked, cast(pg_sleep(0.1) as text)") -%}
    {%- if found.rows[0][0] and free.times < needed - 1 -%}
        {%- do run_query("select pg_advisory_unlock(hashtext('dexsic'), hashtext(" ~ text_literal(study_schema()) ~ "))") -%}
    {%- endif -%}
    {%- set free.times = free.times + 1 if found.rows[0][0] else 0 -%}
{%- endfor -%}
{%- if free.times < needed -%}
    {{ exceptions.raise_compiler_error("another build or analysis is using the schema " ~ study_schema()
        ~ ": wait until it has ended, or choose another schema (DEXSIC_SCHEMA)") }}
{%- endif -%}
{#- dbt has looked for what is there before it came here, and would make again what another build has made meanwhile -#}
{%- set there = run_query(
    "select relname from pg_class where relkind in ('r', 'p', 'v', 'm')
    and relnamespace = to_regnamespace(" ~ text_literal(adapter.quote(study_schema())) ~ ")").columns[0].values() -%}
{%- for node in own(graph.nodes.values(), ['model', 'seed']) -%}
    {%- if (adapter.get_relation(node.database, node.schema, node.alias) is none) != (node.alias not in there) -%}
        {{ exceptions.raise_compiler_error("another build has used the schema " ~ study_schema() ~ " since this one began: run this one again") }}
    {%- endif -%}
{%- endfor -%}
{% endmacro %}
{# The file has one writer at a time, and then no reader: the database sees to it. #}
{% macro duckdb__lock_schema() %}{% endmacro %}
{# Spark has no locks. The local metastore admits one process at a time; on a cluster, two builds in one schema are for the users to avoid. #}
{% macro spark__lock_schema() %}{% endmacro %}

{# A role that may read the schema but did not make it would be told of each model that it cannot replace. #}
{% macro refuse_foreign() %}
{%- set found = run_query(
    "select pg_get_userbyid(nspowner), pg_has_role(nspowner, 'usage'), current_user from pg_namespace
    where nspname = " ~ text_literal(study_schema())) -%}
{%- if found.rows and not found.rows[0][1] -%}
    {{ exceptions.raise_compiler_error("the schema " ~ study_schema() ~ " belongs to " ~ found.rows[0][0] ~ ", and " ~ found.rows[0][2]
        ~ " cannot build in it: choose another schema (DEXSIC_SCHEMA), or build as its owner") }}
{%- endif -%}
{% endmacro %}

{# A crash of the server empties unlogged tables: what is read from them would be a result of nothing. build_model is one of them. #}
{% macro postgres__refuse_emptied() %}
{%- set built = run_query(
    "select count(*) filter (where relname = 'build_model') = 1 and count(*) > 1
    from pg_class where relnamespace = to_regnamespace(" ~ text_literal(adapter.quote(study_schema())) ~ ") and relpersistence = 'u' and relkind = 'r'") -%}
{%- if built.rows[0][0] and not run_query('select 1 from ' ~ build_table('model') ~ ' limit 1').rows -%}
    {{ exceptions.raise_compiler_error("the server has crashed since the last build, or that build did not finish: the intermediate tables in "
        ~ study_schema() ~ " may be empty. Run `dbt build` first") }}
{%- endif -%}
{% endmacro %}
{# No table of a DuckDB file is ever emptied by a crash. #}
{% macro duckdb__refuse_emptied() %}{% endmacro %}
{% macro spark__refuse_emptied() %}{% endmacro %}

{% macro lock_timeout() %}set lock_timeout = {{ text_literal(env_var('DEXSIC_LOCK_TIMEOUT', '5min')) }}{% endmacro %}

{# A model waits for a lock that somebody else's session holds, but not for ever. #}
{% macro bounded_wait() %}
{%- if flags.WHICH == 'clone' -%}{{ return(adapter.dispatch('mark_clone')()) }}{%- endif -%}
{{ return(adapter.dispatch('bounded_wait')()) }}
{% endmacro %}
{% macro postgres__bounded_wait() %}
{{ lock_timeout() }};
set search_path = pg_catalog;
select pg_advisory_xact_lock_shared(hashtext('dexsic'), hashtext({{ text_literal(study_schema()) }}));
do $$ begin
    if exists (select 1 from {{ build_table('run') }} where invocation <> '{{ invocation_id }}') then
        raise exception 'another build is using the schema: wait until it has ended, then run this one again';
    end if;
end $$
{% endmacro %}
{% macro duckdb__bounded_wait() %}{% endmacro %}
{% macro spark__bounded_wait() %}{% endmacro %}
