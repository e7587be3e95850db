{# What was built, with what and how well, for whoever reads the marts later and elsewhere: small tables build_run, build_model,
   build_definition, build_test and build_source in the output schema. Of the data they hold counts only. #}
{% macro record_build(results) %}
{%- if not execute or flags.WHICH not in ('build', 'run', 'seed', 'test') or not is_run() -%}{{ return('') }}{%- endif -%}
{%- set of_study = [] -%}
{%- for result in results if result.node.package_name == 'dexsic' -%}{%- do of_study.append(result) -%}{%- endfor -%}
{{ return(adapter.dispatch('record_build')(of_study)) }}
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
    {%- set models = own(graph.nodes.values(), ['model']) -%}
    {%- set needed = [] -%}
    {%- for node in needed_models() -%}{%- do needed.append([node.name]) -%}{%- endfor -%}
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
            {{ rows_of(needed) }}
            except all
            select name from {{ build_table('model') }} where made_from = {{ now }}
        ) then 'complete'
        else 'partial'
    end{% endif %},
    command = {{ text_literal(flags.WHICH) }},
    models_built = {{ built | length }},
    models_in_project = {{ models | length }},
    data_tests_in_project = {{ own(graph.nodes.values(), ['test']) | length }},
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
where database_name = {{ text_literal(target.database) }} and schema_name = {{ text_literal(study_schema()) }} and table_name = 'build_test'
{% endmacro %}
{% macro spark__can_record_tests() %}select {{ 'true' if spark_has('test') else 'false' }}{% endmacro %}

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
