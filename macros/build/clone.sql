{# `dbt clone` makes views on the tables of another schema, which a build there changes without a word here, and runs no hook but that of
   each model: the first makes a record that says "cloned", by which the statistics refuse the schema. What was built here stays. #}
{% macro postgres__mark_clone() %}
{{ lock_timeout() }};
select pg_advisory_xact_lock(hashtext('dexsic'), hashtext({{ text_literal(study_schema()) }}));
{{ record_tables('unlogged') }};
do $$ begin
    if exists (select 1 from {{ build_table('run') }} where command <> 'clone') then
        raise exception 'the schema holds tables of its own: clone into another (DEXSIC_SCHEMA)';
    end if;
end $$;
insert into {{ build_table('run') }} (status, command, models_built)
select 'cloned', 'clone', 0 where not exists (select 1 from {{ build_table('run') }})
{% endmacro %}
{# elsewhere it would leave no record, and is refused; an error of a macro would come with a traceback of dbt's #}
{% macro duckdb__mark_clone() %}select error({{ text_literal(no_clone()) }}){% endmacro %}
{% macro spark__mark_clone() %}select raise_error({{ text_literal(no_clone()) }}){% endmacro %}
{% macro bigquery__mark_clone() %}{{ exceptions.raise_compiler_error(no_clone()) }}{% endmacro %}
{% macro no_clone() %}{{ return('dbt clone leaves no record of itself on this engine: build the schema, or read that which it would clone') }}{% endmacro %}
