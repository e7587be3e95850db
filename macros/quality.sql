{# Outside the years to which MIMIC-IV shifts its dates. #}
{% macro is_impossible_time(time) %}({{ time }} < cast('{{ var("quality_first_year") }}-01-01' as {{ timestamp() }})
            or {{ time }} > cast('{{ var("quality_last_year") }}-12-31' as {{ timestamp() }})){% endmacro %}

{# Each check (name: condition) of the rows of a relation, all counted in one pass: check_name, concept, n_rows, and of these n_affected,
   which meet the condition. A relation whose checks are not about items has an empty concept. #}
{% macro count_faults(relation, checks) -%}
select
        checks.check_name,
        counted.concept,
        counted.n_rows,
        case checks.check_name
            {%- for name in checks %}
            when '{{ name }}' then counted.{{ name }}
            {%- endfor %}
        end as n_affected
    from (
        select
            concept,
            {%- for name, condition in checks.items() %}
            sum(case when {{ condition }} then 1 else 0 end) as {{ name }},
            {%- endfor %}
            count(*) as n_rows
        from {{ relation }}
        group by concept
    ) as counted
    cross join (
        {%- for name in checks %}
        {{ 'union all ' if not loop.first }}select '{{ name }}' as check_name
        {%- endfor %}
    ) as checks
{%- endmacro %}
