{# Statistics for the planner, right after a table is filled: the models that follow need them at once. #}
{% macro analyze(relation) %}
{%- if config.get('materialized') != 'view' %}{{ return(adapter.dispatch('analyze')(relation)) }}{% endif -%}
{% endmacro %}
{% macro postgres__analyze(relation) %}analyze {{ relation }}{% endmacro %}
{# it counts while it writes #}
{% macro duckdb__analyze(relation) %}{% endmacro %}
{# the sizes of files are enough for it to choose what it sends to every machine #}
{% macro spark__analyze(relation) %}{% endmacro %}

{# What a command may not begin without, then the mark of a build in progress: the mark that a driver sets after success goes before
   anything changes, and the record says "unfinished" until record_build replaces it. #}
{% macro begin_build() %}
{%- if execute and flags.WHICH in ('build', 'run', 'seed') -%}
    {%- do adapter.dispatch('lock_schema')() -%}
    {%- if flags.WHICH != 'seed' and not is_whole_build() -%}{%- do adapter.dispatch('refuse_emptied')() -%}{%- endif -%}
    {{ return(adapter.dispatch('forget_build')()) }}
{%- elif execute and flags.WHICH == 'test' -%}
    {%- do adapter.dispatch('refuse_emptied')() -%}
{%- endif -%}
{% endmacro %}

{# True when every model is going to be built. #}
{% macro is_whole_build() %}
{%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | map(attribute='unique_id') -%}
{{ return(models | reject('in', selected_resources) | list | length == 0) }}
{% endmacro %}

{# One build at a time in a schema, and none while the statistics read it (analysis_py/marts/read.py takes the same lock, shared): two
   would take each other's tables away. dbt closes the session of a hook and of a model when it ends, so that no lock lasts as long as
   a build: each model holds it, shared, for its own transaction (bounded_wait). A build begins when nobody has held it for half a second;
   if two begin in the same moment, the first to find that the schema is no longer its own stops. #}
{% macro postgres__lock_schema() %}
{%- set tries, needed = 100, 5 -%}
{%- set free = namespace(times=0) -%}
{%- for _ in range(tries) if free.times < needed -%}
    {%- set found = run_query(
        "select pg_try_advisory_lock(hashtext('dexsic'), hashtext(" ~ text_literal(target.schema) ~ ")) as locked, cast(pg_sleep(0.1) as text)") -%}
    {%- if found.rows[0][0] and free.times < needed - 1 -%}
        {%- do run_query("select pg_advisory_unlock(hashtext('dexsic'), hashtext(" ~ text_literal(target.schema) ~ "))") -%}
    {%- endif -%}
    {%- set free.times = free.times + 1 if found.rows[0][0] else 0 -%}
{%- endfor -%}
{%- if free.times < needed -%}
    {{ exceptions.raise_compiler_error("another build or analysis is using the schema " ~ target.schema
        ~ ": wait until it has ended, or choose another schema (DEXSIC_SCHEMA)") }}
{%- endif -%}
{#- dbt has looked for what is there before it came here, and would make again what another build has made meanwhile -#}
{%- set there = run_query(
    "select relname from pg_class where relkind in ('r', 'p', 'v', 'm')
    and relnamespace = to_regnamespace(" ~ text_literal(adapter.quote(target.schema)) ~ ")").columns[0].values() -%}
{%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
    {%- if (adapter.get_relation(node.database, node.schema, node.alias) is none) != (node.alias not in there) -%}
        {{ exceptions.raise_compiler_error("another build has used the schema " ~ target.schema ~ " since this one began: run this one again") }}
    {%- endif -%}
{%- endfor -%}
{% endmacro %}

{# The file has one writer at a time, and then no reader: the database sees to it. #}
{% macro duckdb__lock_schema() %}{% endmacro %}
{# Spark has no locks. The local metastore admits one process at a time; on a cluster, two builds in one schema are for the users to avoid. #}
{% macro spark__lock_schema() %}{% endmacro %}

{# A crash of the server empties unlogged tables: what is read from them would be a result of nothing. build_model is one of them. #}
{% macro postgres__refuse_emptied() %}
{%- set built = run_query(
    "select count(*) filter (where relname = 'build_model') = 1 and count(*) > 1
    from pg_class where relnamespace = to_regnamespace(" ~ text_literal(adapter.quote(target.schema)) ~ ") and relpersistence = 'u' and relkind = 'r'") -%}
{%- if built.rows[0][0] and not run_query('select 1 from ' ~ build_table('model') ~ ' limit 1').rows -%}
    {{ exceptions.raise_compiler_error("the server has crashed since the last build, or that build did not finish: the intermediate tables in "
        ~ target.schema ~ " may be empty. Run `dbt build` first") }}
{%- endif -%}
{% endmacro %}

{# No table of a DuckDB file is ever emptied by a crash. #}
{% macro duckdb__refuse_emptied() %}{% endmacro %}
{% macro spark__refuse_emptied() %}{% endmacro %}

{% macro postgres__forget_build() %}
{{ lock_timeout() }};
comment on schema {{ adapter.quote(target.schema) }} is null;
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

{# What dbt was told by which its tables hold less than all rows, or rest on those of another schema; empty for a whole build. #}
{% macro told_to_leave_out() %}
{%- set told = [] -%}
{%- for flag in ('EMPTY', 'SAMPLE', 'EVENT_TIME_START', 'EVENT_TIME_END', 'DEFER') if flags[flag] -%}
    {%- do told.append('--' ~ flag | lower | replace('_', '-')) -%}
{%- endfor -%}
{{ return(told | join(' ')) }}
{% endmacro %}

{# A digest of all that the tables depend on: definitions, models and seeds of the project, state of the source tables. #}
{% macro made_from() %}
{%- set parts = definitions_in_force() -%}
{%- for id, node in graph.nodes.items() | sort if node.resource_type in ('model', 'seed') -%}
    {%- do parts.append([id, node.checksum.checksum]) -%}
{%- endfor -%}
{%- do parts.append(adapter.dispatch('state_of_sources')()) -%}
{{ return(local_md5(tojson(parts))) }}
{% endmacro %}

{# Which tables they are and what was written to them so far, from the catalog: no table is read, no privilege is needed. #}
{% macro postgres__state_of_sources() %}
{%- set found = run_query(
    "select namespaces.nspname, relations.relname, cast(relations.oid as text), cast(relations.relfilenode as text),
        cast(written.n_tup_ins as text), cast(written.n_tup_upd as text), cast(written.n_tup_del as text)
    from pg_class as relations
    inner join pg_namespace as namespaces on relations.relnamespace = namespaces.oid
    left join pg_stat_all_tables as written on written.relid = relations.oid
    where (namespaces.nspname, relations.relname) in (" ~ names_of_sources() ~ ") order by 1, 2"
) -%}
{%- set rows = [] -%}
{%- for row in found.rows -%}{%- do rows.append(row.values() | list) -%}{%- endfor -%}
{{ return(rows) }}
{% endmacro %}

{# The size and time of each file, or the size of each table where the sources lie in the database. #}
{% macro duckdb__state_of_sources() %}
{%- set found = run_query(
    "select views.comment, cast(files.size as text), cast(files.last_modified as text)
    from (select distinct comment from duckdb_views() where database_name = " ~ text_literal(target.database)
        ~ " and (schema_name, view_name) in (" ~ names_of_sources() ~ ")) as views
    left join read_blob(" ~ files_of_sources() ~ ") as files on views.comment = files.filename
    union all
    select schema_name || '.' || table_name, cast(table_oid as text), cast(estimated_size as text)
    from duckdb_tables() where database_name = " ~ text_literal(target.database)
        ~ " and (schema_name, table_name) in (" ~ names_of_sources() ~ ")
    order by 1"
) -%}
{%- set rows = [] -%}
{%- for row in found.rows -%}{%- do rows.append(row.values() | list) -%}{%- endfor -%}
{{ return(rows) }}
{% endmacro %}

{# The newest file of each table and how many rows its files say that they have. #}
{% macro spark__state_of_sources() %}
{%- set queries, rows = [], [] -%}
{%- for source in graph.sources.values() -%}
    {%- do queries.append("select '" ~ source.schema ~ '.' ~ source.identifier ~ "' as name, count(*) as n_rows, "
        ~ 'cast(max(_metadata.file_modification_time) as string) as written_at from ' ~ source.schema ~ '.' ~ source.identifier) -%}
{%- endfor -%}
{%- for row in run_query(queries | join(' union all ') ~ ' order by name').rows -%}{%- do rows.append([row[0], row[1] | int, row[2]]) -%}{%- endfor -%}
{{ return(rows) }}
{% endmacro %}

{% macro names_of_sources() %}
{%- set names = [] -%}
{%- for source in graph.sources.values() -%}
    {%- do names.append('(' ~ text_literal(source.schema) ~ ', ' ~ text_literal(source.identifier) ~ ')') -%}
{%- endfor -%}
{{ return(names | join(', ')) }}
{% endmacro %}

{% macro lock_timeout() %}set lock_timeout = {{ text_literal(env_var('DEXSIC_LOCK_TIMEOUT', '5min')) }}{% endmacro %}
{# A model waits for a lock that somebody else's session holds, but not for ever. #}
{% macro bounded_wait() %}{{ return(adapter.dispatch('bounded_wait')()) }}{% endmacro %}
{% macro postgres__bounded_wait() %}
{{ lock_timeout() }};
set search_path = pg_catalog;
select pg_advisory_xact_lock_shared(hashtext('dexsic'), hashtext({{ text_literal(target.schema) }}));
do $$ begin
    if exists (select 1 from {{ build_table('run') }} where invocation <> '{{ invocation_id }}') then
        raise exception 'another build is using the schema: wait until it has ended, then run this one again';
    end if;
end $$
{% endmacro %}
{% macro duckdb__bounded_wait() %}{% endmacro %}
{% macro spark__bounded_wait() %}{% endmacro %}

{# What was built, with what and how well, for whoever reads the marts later and elsewhere: small tables build_run, build_model,
   build_definition, build_test and build_source in the output schema. Of the data they hold counts only. #}
{% macro record_build(results) %}
{%- if not execute or flags.WHICH not in ('build', 'run', 'seed', 'test') -%}{{ return('') }}{%- endif -%}
{{ return(adapter.dispatch('record_build')(results)) }}
{% endmacro %}
{% macro postgres__record_build(results) %}
{#- a build that another one has overtaken (lock_schema) says nothing about what the schema holds -#}
{%- if flags.WHICH != 'test' and not run_query('select 1 from ' ~ build_table('run') ~ ' where invocation = ' ~ text_literal(invocation_id)).rows -%}
    {{ return('') }}
{%- endif -%}
{{ lock_timeout() }};
{{ record_of(results) }}
{% endmacro %}
{% macro duckdb__record_build(results) %}{{ record_of(results) }}{% endmacro %}

{% macro record_of(results) %}
{%- set definitions = definitions_in_force() -%}
{%- set tests = test_outcomes(results) -%}
{% if flags.WHICH == 'test' -%}
    {#- without a rebuild the results of other tests stay true; tests by other definitions are not tests of this build -#}
    {%- if tests and build_is_by(definitions) %}
delete from {{ build_table('test') }} where unique_id in ({% for test in tests %}{{ text_literal(test[0]) }}{{ ', ' if not loop.last }}{% endfor %});
{{ insert_rows('test', tests) }}
    {%- endif -%}
{%- else -%}
    {%- set models = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}{%- do models.append([node.name]) -%}{%- endfor -%}
    {%- set troubled = results | map(attribute='status') | map('string') | select('in', ['error', 'fail', 'runtime error', 'skipped']) | list -%}
    {%- set built = [] -%}
    {%- for result in results if result.node.resource_type == 'model' and result.status == 'success' -%}
        {%- do built.append([result.node.name]) -%}
    {%- endfor -%}
    {%- set now = text_literal(made_from()) -%}
-- models are made from what was there at the start; if something else is there at the end, or dbt was told to leave out rows, they are
-- of no one state
{% if built %}
delete from {{ build_table('model') }} where name in ({{ rows_of(built) }});
insert into {{ build_table('model') }} (name, made_from)
select names.name, build_run.made_from
from ({{ rows_of(built) }}) as names (name)
cross join {{ build_table('run') }} as build_run;
{% endif %}
update {{ build_table('run') }} set
    status = {% if troubled %}'failed'{% else %}case
        when not exists (
            {{ rows_of(models) }}
            except all
            select name from {{ build_table('model') }} where made_from = {{ now }}
        ) then 'complete'
        else 'partial'
    end{% endif %},
    command = {{ text_literal(flags.WHICH) }},
    models_built = {{ built | length }},
    models_in_project = {{ models | length }},
    data_tests_in_project = {{ graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') | list | length }},
    finished_at = {{ adapter.dispatch('now_in_utc')() }},
    dbt_version = {{ text_literal(dbt_version) }},
    adapter = {{ text_literal(adapter.type()) }},
    server_version = {{ adapter.dispatch('engine_version')() }},
    latest_years = {{ latest_years() }};
delete from {{ build_table('definition') }};
{{ insert_rows('definition', definitions) }};
delete from {{ build_table('test') }};
{% if tests %}{{ insert_rows('test', tests) }};{% endif %}
delete from {{ build_table('source') }};
insert into {{ build_table('source') }} {{ adapter.dispatch('rows_of_sources')() }}
{%- endif -%}
{% endmacro %}

{% macro postgres__now_in_utc() %}to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'){% endmacro %}
{% macro duckdb__now_in_utc() %}strftime(get_current_timestamp() at time zone 'UTC', '%Y-%m-%d %H:%M:%S'){% endmacro %}
{% macro spark__now_in_utc() %}date_format(current_timestamp(), 'yyyy-MM-dd HH:mm:ss'){% endmacro %}
{% macro postgres__engine_version() %}current_setting('server_version'){% endmacro %}
{% macro duckdb__engine_version() %}version(){% endmacro %}
{% macro spark__engine_version() %}split_part(version(), ' ', 1){% endmacro %}

{# The planner's count: a few per cent off at worst, and free; views and tables that nobody has analyzed have none. #}
{% macro postgres__rows_of_sources() %}
select
    namespaces.nspname || '.' || relations.relname,
    round(cast(relations.reltuples as numeric))
from pg_class as relations
inner join pg_namespace as namespaces on relations.relnamespace = namespaces.oid
where
    relations.relkind in ('r', 'p', 'm', 'f')
    and relations.reltuples >= 0
    and (namespaces.nspname, relations.relname) in ({{ names_of_sources() }})
{% endmacro %}
{# a file tells its rows only when it is read whole #}
{% macro duckdb__rows_of_sources() %}
select schema_name || '.' || table_name, estimated_size
from duckdb_tables()
where database_name = {{ text_literal(target.database) }} and (schema_name, table_name) in ({{ names_of_sources() }})
{% endmacro %}
{% macro spark__rows_of_sources() %}
{%- set rows = [] -%}
{%- for name, n_rows, _ in spark__state_of_sources() -%}{%- do rows.append([name, n_rows]) -%}{%- endfor -%}
{{ return(rows) }}
{% endmacro %}

{# The latest years of any patient, which tell MIMIC-IV's release (3.x has 2020 - 2022); null where the column is not there. #}
{% macro latest_years() %}
{%- set patients = graph.sources.values() | selectattr('name', 'equalto', 'patients') | first -%}
{%- set table = api.Relation.create(database=target.database or none, schema=patients.schema, identifier=patients.identifier) -%}
{{ return('(select max(anchor_year_group) from ' ~ table ~ ')' if 'anchor_year_group' in column_names(table) else 'null') }}
{% endmacro %}

{% macro column_names(table) %}{{ return(adapter.dispatch('column_names')(table)) }}{% endmacro %}
{% macro postgres__column_names(table) %}{{ return(adapter.get_columns_in_relation(table) | map(attribute='name') | list) }}{% endmacro %}
{# what the adapter offers begins a transaction that a hook does not end #}
{% macro duckdb__column_names(table) %}
{{ return(run_query(
    'select lower(column_name) from duckdb_columns() where database_name = ' ~ text_literal(table.database)
    ~ ' and schema_name = ' ~ text_literal(table.schema) ~ ' and table_name = ' ~ text_literal(table.identifier)
).rows | map(attribute=0) | list) }}
{% endmacro %}

{% macro spark__column_names(table) %}{{ return(run_query('show columns in ' ~ table).rows | map(attribute=0) | list) }}{% endmacro %}

{# True when the record can be written and its definitions are these. #}
{% macro build_is_by(definitions) %}
{%- set writable = run_query(adapter.dispatch('can_record_tests')()) -%}
{%- if not writable.rows[0][0] -%}{{ return(false) }}{%- endif -%}
{%- set recorded = run_query('select name, value from ' ~ build_table('definition')) -%}
{%- set before, now = {}, {} -%}
{%- for name, value in recorded.rows -%}{%- do before.update({name: value}) -%}{%- endfor -%}
{%- for name, value, _ in definitions -%}{%- do now.update({name: value}) -%}{%- endfor -%}
{%- set same = before == now -%}
{%- if not same -%}{{ log('these tests are by other definitions than the build: the record of the build leaves them out', info=true) }}{%- endif -%}
{{ return(same) }}
{% endmacro %}

{% macro postgres__can_record_tests() %}select coalesce(has_table_privilege(to_regclass('{{ build_table('test') }}'), 'insert'), false){% endmacro %}
{% macro duckdb__can_record_tests() %}
select count(*) > 0 from duckdb_tables()
where database_name = {{ text_literal(target.database) }} and schema_name = {{ text_literal(target.schema) }} and table_name = 'build_test'
{% endmacro %}

{% macro spark__can_record_tests() %}select {{ 'true' if spark_has('test') else 'false' }}{% endmacro %}

{# [name, value, default] of every var of dbt_project.yml, values as JSON. #}
{% macro definitions_in_force() %}
{%- set found = [] -%}
{%- for name, default in project_vars().items() -%}
    {%- do found.append([name, tojson(var(name), sort_keys=true), tojson(default, sort_keys=true)]) -%}
{%- endfor -%}
{{ return(found) }}
{% endmacro %}

{# dbt shows macros the value of a var by its name, but not the names: they are in the configuration that it was started with. #}
{% macro project_vars() %}{{ return(adapter.config.vars.to_dict()) }}{% endmacro %}

{# [id, name, model, status, failures, description] of every data and unit test among the results. Failing rows are not read. #}
{% macro test_outcomes(results) %}
{%- set found = [] -%}
{%- for result in results if result.node.resource_type in ('test', 'unit_test') and result.status != 'skipped' -%}
    {%- set node = result.node -%}
    {%- set sentence = node.name | replace('_', ' ') -%}
    {%- if node.resource_type == 'unit_test' -%}
        {%- set model, described = last_parts([node.tested_node_unique_id or node.model or '']), sentence -%}
    {%- elif node.test_metadata -%}
        {%- set model, described = last_parts([node.attached_node or '']), in_words(node.test_metadata, node.column_name) -%}
    {%- else -%}
        {%- set model, described = last_parts(node.depends_on.nodes), sentence -%}
    {%- endif -%}
    {%- set counted = ' (failures are rows per million)' if '1000000' in (node.config.fail_calc or '') else '' -%}
    {%- do found.append([node.unique_id, node.name, model, result.status, result.failures or 0, (node.description or described) ~ counted]) -%}
{%- endfor -%}
{{ return(found) }}
{% endmacro %}

{# The tables' own names in dbt's ids of them. #}
{% macro last_parts(ids) %}
{%- set names = [] -%}
{%- for id in ids -%}{%- do names.append(id.split('.') | last) -%}{%- endfor -%}
{{ return(names | join(', ')) }}
{% endmacro %}

{# A test of a yml in a few words: column, name, arguments. #}
{% macro in_words(generic, column_name) %}
{%- set arguments = [] -%}
{%- for name, value in generic.kwargs.items() if name not in ('model', 'column_name') -%}
    {%- do arguments.append(name ~ ' ' ~ (value | join(', ') if value is sequence and value is not string else value)) -%}
{%- endfor -%}
{%- set words = (column_name ~ ' ' if column_name else '') ~ generic.name | replace('_', ' ') -%}
{{ return(words ~ (': ' ~ render(arguments | join('; ')) if arguments else '')) }}
{% endmacro %}

{% macro build_table(name) %}{{ return(adapter.quote(target.schema) ~ '.build_' ~ name) }}{% endmacro %}
{% macro insert_rows(table, rows) %}{{ return('insert into ' ~ build_table(table) ~ ' ' ~ rows_of(rows)) }}{% endmacro %}
{% macro rows_of(rows) %}
{%- set lines = [] -%}
{%- for row in rows -%}
    {%- set cells = [] -%}
    {%- for cell in row -%}{%- do cells.append(cell if cell is number else "'" ~ cell | replace("'", "''") ~ "'") -%}{%- endfor -%}
    {%- do lines.append('(' ~ cells | join(', ') ~ ')') -%}
{%- endfor -%}
{{ return('values ' ~ lines | join(', ')) }}
{% endmacro %}
{% macro text_literal(value) %}{{ return("'" ~ value | replace("'", "''") ~ "'") }}{% endmacro %}
