{# Where an engine reads files in place: the tables of MIMIC-IV as views on them, before anything else. #}
{% macro find_sources() %}
{%- if execute and flags.WHICH in ('build', 'run', 'seed', 'test') and is_run() -%}{{ return(adapter.dispatch('find_sources')()) }}{%- endif -%}
{% endmacro %}
{# A table that is not there, or closed to the role, is said once, with the var that names its schema, before a model asks for it. #}
{% macro postgres__find_sources() %}
{%- set open, asked = {}, [] -%}
{%- for node in own(graph.nodes.values(), ['model']) if node.unique_id in selected_resources -%}
    {%- do asked.extend(node.depends_on.nodes) -%}
{%- endfor -%}
{%- for row in run_query("select n.nspname || '.' || c.relname,
        has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select'), current_user
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')").rows -%}{%- do open.update({row[0]: row[1], none: row[2]}) -%}{%- endfor -%}
{%- set absent, vars, closed, schemas = [], [], [], [] -%}
{%- for source in own(graph.sources.values()) if source.source_name in ('mimic_hosp', 'mimic_icu') and source.unique_id in asked -%}
    {%- set name = source.schema ~ '.' ~ source.identifier -%}
    {%- if name not in open -%}
        {%- do absent.append(name) -%}
        {%- if source.source_name not in vars -%}{%- do vars.append(source.source_name) -%}{%- endif -%}
    {%- elif not open[name] -%}
        {%- do closed.append(name) -%}
        {%- if source.schema not in schemas -%}{%- do schemas.append(source.schema) -%}{%- endif -%}
    {%- endif -%}
{%- endfor -%}
{%- if absent -%}
    {{ exceptions.raise_compiler_error('the study cannot run on these data: ' ~ absent | sort | join(', ') ~ (' is' if absent | length == 1 else ' are')
        ~ ' not there. If MIMIC-IV lies in other schemas, name them (' ~ vars | join('_schema, ') ~ "_schema: dbt build --vars '{"
        ~ vars[0] ~ '_schema: NAME}\'); `python -m mimic_db check` says what is where') }}
{%- elif closed -%}
    {{ exceptions.raise_compiler_error('the study cannot run on these data: ' ~ closed | sort | join(', ') ~ (' is' if closed | length == 1 else ' are')
        ~ ' closed to ' ~ open[none] ~ '. Ask for `grant usage on schema ' ~ schemas | join(', ') ~ ' to ' ~ open[none]
        ~ '; grant select on all tables in schema ' ~ schemas | join(', ') ~ ' to ' ~ open[none] ~ '`') }}
{%- endif -%}
{% endmacro %}
{# `python -m mimic_db parquet` has written them, or whoever keeps the cluster #}
{% macro spark__find_sources() %}{% endmacro %}

{# DEXSIC_CSV names the folder with hosp/ and icu/; without it, what lies in the file's schemas is read, tables or views of an earlier run.
   Names and types of columns are those of mimic_db/columns.csv, whatever their order in the file; nothing is guessed from values. #}
{% macro duckdb__find_sources() %}
{%- set folder = env_var('DEXSIC_CSV', '') -%}
{%- if target.database in [study_schema(), var('mimic_hosp_schema'), var('mimic_icu_schema')] -%}
    {{ exceptions.raise_compiler_error('the file is named like the schema ' ~ target.database ~ ', and DuckDB cannot tell them apart: '
        ~ 'give it another name (DEXSIC_DUCKDB)') }}
{%- endif -%}
{%- set definitions = source_columns() -%}
{%- set views, faults = [], [] -%}
{%- for source in own(graph.sources.values()) if source.source_name in ('mimic_hosp', 'mimic_icu') -%}
    {%- set name = source.source_name.removeprefix('mimic_') ~ '/' ~ source.identifier -%}
    {%- set relation = api.Relation.create(database=target.database, schema=source.schema, identifier=source.identifier) -%}
    {%- if folder -%}
        {%- set file = source_file(folder ~ '/' ~ name, faults) -%}
        {%- set header = header_of(file) if file else [] -%}
    {%- else -%}
        {%- set file = none -%}
        {%- set header = column_names(relation) -%}
        {%- if not header -%}
            {%- do faults.append(relation.schema ~ '.' ~ relation.identifier ~ ' is not there') -%}
        {%- endif -%}
    {%- endif -%}
    {%- if header -%}
        {%- for column, definition in definitions[name].items() if definition.needed and column not in header -%}
            {%- do faults.append((file or relation) ~ ' lacks the column ' ~ column) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if file and header -%}
        {%- do views.append('create schema if not exists ' ~ relation.without_identifier()) -%}
        {%- do views.append('create or replace view ' ~ relation ~ ' as ' ~ rows_of_file(file, header, definitions[name])) -%}
        {%- do views.append('comment on view ' ~ relation ~ ' is ' ~ text_literal(file)) -%}
    {%- endif -%}
{%- endfor -%}
{%- if faults -%}
    {{ exceptions.raise_compiler_error('the study cannot run on these data: ' ~ faults[:5] | join('; ')
        ~ ('; and ' ~ (faults | length - 5) ~ ' more' if faults | length > 5 else '') ~ ' (DEXSIC_CSV names the folder with hosp/ and icu/)') }}
{%- endif -%}
{{ return(views | join(';\n')) }}
{% endmacro %}

{# {module/table: {column: {type, needed}}} of mimic_db/columns.csv; lengths are left out, for no release keeps to those of another. #}
{% macro source_columns() %}
{%- set found = run_query(
    "select module || '/' || \"table\", \"column\", regexp_replace(type, '\\(.*\\)', ''), needed = 'yes'
    from read_csv(" ~ text_literal(own_config().project_root ~ '/mimic_db/columns.csv') ~ ", header = true, all_varchar = true)"
) -%}
{%- set tables = {} -%}
{%- for table, column, type, needed in found.rows -%}
    {%- do tables.setdefault(table, {}).update({column: {'type': type, 'needed': needed}}) -%}
{%- endfor -%}
{{ return(tables) }}
{% endmacro %}

{# The one file of a table; what is wrong with it goes to `faults`. #}
{% macro source_file(stem, faults) %}
{%- set names = [] -%}
{%- for ending in ('csv.gz', 'csv', 'parquet') -%}{%- do names.append(text_literal(stem ~ '.' ~ ending)) -%}{%- endfor -%}
{%- set files = run_query('select file from glob([' ~ names | join(', ') ~ ']) order by file').rows | map(attribute=0) | list -%}
{%- if files | length == 1 -%}{{ return(files[0]) }}{%- endif -%}
{%- do faults.append(files | join(' and ') ~ ' are both there: keep one' if files else stem ~ '.csv.gz (or .csv, .parquet) is not there') -%}
{{ return(none) }}
{% endmacro %}

{# The names of a file's columns, in its order and in lower case. #}
{% macro header_of(file) %}
{%- if file.endswith('.parquet') -%}
    {%- set names = run_query('select name from parquet_schema(' ~ text_literal(file) ~ ') where type is not null').rows | map(attribute=0) -%}
{%- else -%}
    {%- set names = run_query(
        'select line from read_csv(' ~ text_literal(file) ~ ", auto_detect = false, header = false, delim = chr(1), quote = '', escape = '',
        columns = {'line': 'text'}) limit 1"
    ).rows | map(attribute=0) | join('') | replace('\ufeff', '') -%}
    {%- set names = names.split(',') -%}
{%- endif -%}
{%- set header = [] -%}
{%- for name in names -%}{%- do header.append(name.strip().strip('"').lower()) -%}{%- endfor -%}
{{ return(header) }}
{% endmacro %}

{# The columns of floats of 4 bytes: their shortest text is the number that was meant, and as a double 0.1 is more than a bound of 0.1. #}
{% macro single_columns(file) %}
{%- set found = run_query('select name from parquet_schema(' ~ text_literal(file) ~ ") where type = 'FLOAT'") -%}
{{ return(found.rows | map(attribute=0) | map('lower') | list) }}
{% endmacro %}

{# The columns that `definitions` know; an empty field is NULL, a quoted empty one is an empty text. #}
{% macro rows_of_file(file, header, definitions) %}
{%- set typed, chosen = [], [] -%}
{%- set single = single_columns(file) if file.endswith('.parquet') else [] -%}
{%- for name in header -%}
    {%- set type = definitions[name].type if name in definitions else 'text' -%}
    {%- do typed.append(text_literal(name) ~ ': ' ~ text_literal(type)) -%}
    {%- if name in definitions -%}
        {%- set column = adapter.quote(name) -%}
        {%- set read = 'cast(' ~ column ~ ' as text)' if name in single else column -%}
        {%- do chosen.append('cast(' ~ read ~ ' as ' ~ type ~ ') as ' ~ column if file.endswith('.parquet') else column) -%}
    {%- endif -%}
{%- endfor -%}
{%- set rows = 'read_parquet(' ~ text_literal(file) ~ ')' if file.endswith('.parquet') else 'read_csv(' ~ text_literal(file)
    ~ ", auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, columns = {"
    ~ typed | join(', ') ~ '})' -%}
{{ return('select ' ~ chosen | join(', ') ~ ' from ' ~ rows) }}
{% endmacro %}

{# The files that the views on them name, as a list of texts. #}
{% macro files_of_sources() %}
{%- set found = run_query(
    'select distinct comment from duckdb_views() where comment is not null and database_name = ' ~ text_literal(target.database)
    ~ ' and (schema_name, view_name) in (' ~ names_of_sources() ~ ') order by 1'
) -%}
{%- set files = [] -%}
{%- for row in found.rows -%}{%- do files.append(text_literal(row[0])) -%}{%- endfor -%}
{{ return('[' ~ files | join(', ') ~ ']') }}
{% endmacro %}
