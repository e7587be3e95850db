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
{%- for node in own(graph.nodes.values(), ['model', 'seed']) | sort(attribute='unique_id') -%}
    {%- do parts.append([node.unique_id, node.checksum.checksum]) -%}
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
{%- for source in own(graph.sources.values()) -%}
    {%- do queries.append("select '" ~ source.schema ~ '.' ~ source.identifier ~ "' as name, count(*) as n_rows, "
        ~ 'cast(max(_metadata.file_modification_time) as string) as written_at from ' ~ source.schema ~ '.' ~ source.identifier) -%}
{%- endfor -%}
{%- for row in run_query(queries | join(' union all ') ~ ' order by name').rows -%}{%- do rows.append([row[0], row[1] | int, row[2]]) -%}{%- endfor -%}
{{ return(rows) }}
{% endmacro %}

{% macro names_of_sources() %}
{%- set names = [] -%}
{%- for source in own(graph.sources.values()) -%}
    {%- do names.append('(' ~ text_literal(source.schema) ~ ', ' ~ text_literal(source.identifier) ~ ')') -%}
{%- endfor -%}
{{ return(names | join(', ')) }}
{% endmacro %}

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
{%- set patients = own(graph.sources.values()) | selectattr('name', 'equalto', 'patients') | first -%}
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

{# [name, value, default] of every var of dbt_project.yml, values as JSON. #}
{% macro definitions_in_force() %}
{%- set found = [] -%}
{%- for name, default in project_vars().items() -%}
    {%- do found.append([name, tojson(var(name), sort_keys=true), tojson(default, sort_keys=true)]) -%}
{%- endfor -%}
{{ return(found) }}
{% endmacro %}

{# dbt shows macros the value of a var by its name, but not the names: they are in the configuration that it was started with. #}
{% macro project_vars() %}{{ return(own_config().vars.to_dict()) }}{% endmacro %}
