{# dbt's own, after a look whether the role may: the server's refusal names neither role nor remedy. #}
{% macro postgres__create_schema(relation) %}
{%- set found = run_query(
    "select has_database_privilege(current_database(), 'create') or to_regnamespace(" ~ text_literal(adapter.quote(relation.schema)) ~ ") is not null,
    current_user, current_database()").rows[0] -%}
{%- if not found[0] -%}
    {{ exceptions.raise_compiler_error(found[1] ~ ' may not make the schema ' ~ relation.schema ~ ' in the database ' ~ found[2]
        ~ ': ask its owner for `create schema ' ~ relation.schema ~ ' authorization ' ~ found[1] ~ '` (docs/role.sql makes such a role)') }}
{%- endif -%}
{%- if relation.database -%}{{ adapter.verify_database(relation.database) }}{%- endif -%}
{%- call statement('create_schema') -%}
create schema if not exists {{ relation.without_identifier().include(database=False) }}
{%- endcall -%}
{% endmacro %}
