{# How Spark is written to. dbt-spark sends one statement at a time, and tables of Parquet can be rewritten but not updated. #}

{# The tables in as many buckets as those of the sources, by the finest key of the study's that they have: what is done by stay or by
   patient then moves no rows between machines. One file per bucket. #}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') %}
{%- if temporary -%}
create or replace temporary view {{ relation }} as
{{ compiled_code }}
{%- else -%}
{%- set columns = get_columns_in_query(compiled_code) -%}
{%- set keys = ['stay_id', 'subject_id', 'hadm_id'] | select('in', columns) | list -%}
create table {{ relation }} using parquet
{% if keys %}clustered by ({{ keys[0] }}) into {{ env_var('DEXSIC_SPARK_BUCKETS', '8') }} buckets{% endif %}

as
select * from (
{{ compiled_code }}
) as made
{{ 'distribute by ' ~ keys[0] if keys }}
{%- endif -%}
{% endmacro %}

{# A seed is written in one statement, with its types by Spark's names. #}
{% macro spark__create_csv_table(model, agate_table) %}
{%- set chosen = model['config'].get('column_types', {}) -%}
{%- set names, columns, lines = agate_table.column_names, [], [] -%}
{%- for name in names -%}
    {%- set type = chosen.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
    {%- do columns.append('cast(' ~ name ~ ' as ' ~ {'double precision': double(), 'text': text()}.get(type, type) ~ ') as ' ~ name) -%}
{%- endfor -%}
{%- for row in agate_table.rows -%}
    {%- set cells = [] -%}
    {%- for cell in row -%}{%- do cells.append('null' if cell is none else spark_literal(cell | string)) -%}{%- endfor -%}
    {%- do lines.append('(' ~ cells | join(', ') ~ ')') -%}
{%- endfor -%}
{%- set query = 'create table ' ~ this ~ ' using parquet as select /*+ coalesce(1) */ ' ~ columns | join(', ') ~ ' from values\n' ~ lines | join(',\n')
    ~ '\nas rows_of_file (' ~ names | join(', ') ~ ')' -%}
{%- do run_query(query) -%}
{{ return(query) }}
{% endmacro %}
{% macro spark__load_csv_rows(model, agate_table) %}{{ return('') }}{% endmacro %}

{% macro spark_literal(value) %}{{ return("'" ~ value | replace('\\', '\\\\') | replace("'", "\\'") ~ "'") }}{% endmacro %}

{# A table of the record, written whole; `rows` of numbers, texts and none. #}
{% macro spark_write(name, columns, rows) %}
{%- set names, lines = [], [] -%}
{%- for column, type in columns.items() -%}{%- do names.append('cast(' ~ column ~ ' as ' ~ type ~ ') as ' ~ column) -%}{%- endfor -%}
{%- for row in rows -%}
    {%- set cells = [] -%}
    {%- for cell in row -%}
        {%- do cells.append('null' if cell is none else cell if cell is number else spark_literal(cell | string)) -%}
    {%- endfor -%}
    {%- do lines.append('(' ~ cells | join(', ') ~ ')') -%}
{%- endfor -%}
{%- set none_at_all = ['null'] * columns | length -%}
{%- set query = 'select /*+ coalesce(1) */ ' ~ names | join(', ') ~ ' from values ' ~ (lines | join(', ') or '(' ~ none_at_all | join(', ') ~ ')')
    ~ ' as written (' ~ columns | join(', ') ~ ')' ~ ('' if lines else ' where false') -%}
{%- if spark_has(name) -%}
    {%- do run_query('insert overwrite table ' ~ build_table(name) ~ ' ' ~ query) -%}
{%- else -%}
    {%- do run_query('create table ' ~ build_table(name) ~ ' using parquet as ' ~ query) -%}
{%- endif -%}
{% endmacro %}

{% macro spark_has(name) %}
{{ return(run_query('show tables in ' ~ adapter.quote(study_schema()) ~ " like 'build_" ~ name ~ "'").rows | length > 0) }}
{% endmacro %}

{# Rows of a table of the record, none where it is not there. #}
{% macro spark_read(name, columns) %}
{%- set rows = [] -%}
{%- if spark_has(name) -%}
    {%- for row in run_query('select ' ~ columns | join(', ') ~ ' from ' ~ build_table(name)).rows -%}{%- do rows.append(row.values() | list) -%}{%- endfor -%}
{%- endif -%}
{{ return(rows) }}
{% endmacro %}

{# The columns that record_tables gives these tables. #}
{% macro spark_record() %}
{{ return({
    'run': {
        'status': 'string', 'made_from': 'string', 'command': 'string', 'models_built': 'int', 'models_in_project': 'int',
        'data_tests_in_project': 'int', 'finished_at': 'string', 'dbt_version': 'string', 'adapter': 'string',
        'server_version': 'string', 'latest_years': 'string', 'invocation': 'string',
    },
    'definition': {'name': 'string', 'value': 'string', 'default_value': 'string'},
    'test': {
        'unique_id': 'string', 'name': 'string', 'model': 'string', 'status': 'string', 'failures': 'bigint', 'description': 'string',
    },
    'source': {'name': 'string', 'about_rows': 'bigint'},
    'model': {'name': 'string', 'made_from': 'string'},
}) }}
{% endmacro %}

{% macro spark__forget_build() %}
{%- set tables = spark_record() -%}
{%- set before = spark_read('run', tables.run.keys()) -%}
{%- set now = dict(zip(tables.run.keys(), before[0] if before else [none] * tables.run | length)) -%}
{%- do now.update({'status': 'unfinished', 'invocation': invocation_id, 'made_from': made_from(), 'command': flags.WHICH, 'models_built': 0,
    'finished_at': none}) -%}
{%- do spark_write('run', tables.run, [now.values() | list]) -%}
{%- do spark_write('test', tables.test, []) -%}
{%- for name in ('definition', 'source', 'model') if not spark_has(name) -%}{%- do spark_write(name, tables[name], []) -%}{%- endfor -%}
{% endmacro %}

{% macro spark__record_build(results) %}
{%- set tables, definitions, tests = spark_record(), definitions_in_force(), test_outcomes(results) -%}
{%- if flags.WHICH == 'test' -%}
    {#- without a rebuild the results of other tests stay true; tests by other definitions are not tests of this build -#}
    {%- if tests and build_is_by(definitions) -%}
        {%- set others = spark_read('test', tables.test.keys()) | rejectattr(0, 'in', tests | map(attribute=0) | list) | list -%}
        {%- do spark_write('test', tables.test, others + tests) -%}
    {%- endif -%}
    {{ return('') }}
{%- endif -%}
{%- set run = dict(zip(tables.run.keys(), spark_read('run', tables.run.keys())[0])) -%}
{%- if run.invocation != invocation_id -%}{{ return('') }}{%- endif -%}
{%- set models = own(graph.nodes.values(), ['model']) -%}
{%- set built = [] -%}
{%- for result in results if result.node.resource_type == 'model' and result.status == 'success' -%}{%- do built.append(result.node.name) -%}{%- endfor -%}
{%- set stamps = spark_read('model', ['name', 'made_from']) | rejectattr(0, 'in', built) | list -%}
{%- for name in built -%}{%- do stamps.append([name, run.made_from]) -%}{%- endfor -%}
{%- do spark_write('model', tables.model, stamps) -%}
{#- models are made from what was there at the start; if something else is there at the end, they are of no one state -#}
{%- set current = stamps | selectattr(1, 'equalto', made_from()) | map(attribute=0) | list -%}
{%- set troubled = results | map(attribute='status') | map('string') | select('in', ['error', 'fail', 'runtime error', 'skipped']) | list -%}
{%- set found = run_query('select ' ~ spark__now_in_utc() ~ ', ' ~ spark__engine_version() ~ ', ' ~ latest_years()).rows[0] -%}
{%- do run.update({
    'status': 'failed' if troubled else 'partial' if needed_models() | map(attribute='name') | reject('in', current) | list else 'complete',
    'command': flags.WHICH,
    'models_built': built | length,
    'models_in_project': models | length,
    'data_tests_in_project': own(graph.nodes.values(), ['test']) | length,
    'finished_at': found[0],
    'dbt_version': dbt_version,
    'adapter': adapter.type(),
    'server_version': found[1],
    'latest_years': found[2],
}) -%}
{%- do spark_write('definition', tables.definition, definitions) -%}
{%- do spark_write('test', tables.test, tests) -%}
{%- do spark_write('source', tables.source, spark__rows_of_sources()) -%}
{#- last, for it says that the others are true -#}
{%- do spark_write('run', tables.run, [run.values() | list]) -%}
{% endmacro %}
