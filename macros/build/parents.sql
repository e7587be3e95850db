{# What a selection reads and does not make must be there and open to the role: said once, where each model and test would say it of itself. #}
{% macro require_parents() %}
{%- set asked, absent, closed = [], [], [] -%}
{#- a build of a part takes tests along that also read what is not of it: no reason not to build -#}
{%- for node in own(graph.nodes.values()) if node.unique_id in selected_resources and not (node.resource_type == 'test' and flags.WHICH == 'build') -%}
    {%- do asked.extend(node.depends_on.nodes) -%}
{%- endfor -%}
{%- set closed_here = adapter.dispatch('closed_tables')() -%}
{%- for id in asked | unique if id in graph.nodes and id not in selected_resources and not flags.DEFER -%}
    {%- set node = graph.nodes[id] -%}
    {%- if adapter.get_relation(node.database, node.schema, node.alias) is none -%}{%- do absent.append(node.alias) -%}
    {%- elif node.alias in closed_here -%}{%- do closed.append(node.alias) -%}{%- endif -%}
{%- endfor -%}
{%- if absent -%}
    {{ exceptions.raise_compiler_error('the schema ' ~ study_schema() ~ ' lacks what is read here (' ~ few_of(absent)
        ~ '): run `dbt build` first, seeds are of it') }}
{%- elif closed -%}
    {{ exceptions.raise_compiler_error('the schema ' ~ study_schema() ~ ' is closed to this role (' ~ few_of(closed) ~ '): ask its owner for `grant usage on schema '
        ~ study_schema() ~ ' to ROLE; grant select on all tables in schema ' ~ study_schema() ~ ' to ROLE`') }}
{%- endif -%}
{% endmacro %}

{% macro few_of(names) %}{{ return(names[:3] | join(', ') ~ (' and ' ~ (names | length - 3) ~ ' more' if names | length > 3 else '')) }}{% endmacro %}

{# Tables of the schema that the role may not read. #}
{% macro default__closed_tables() %}{{ return([]) }}{% endmacro %}
{% macro postgres__closed_tables() %}
{{ return(run_query(
    "select relname from pg_class where relkind in ('r', 'p', 'v', 'm') and relnamespace = to_regnamespace(" ~ text_literal(adapter.quote(study_schema())) ~ ")
    and not (has_schema_privilege(relnamespace, 'usage') and has_any_column_privilege(oid, 'select'))").columns[0].values()) }}
{% endmacro %}
