{# Outside the years to which MIMIC-IV shifts its dates. #}
{% macro is_impossible_time(time) %}({{ time }} < cast('{{ var("quality_first_year") }}-01-01' as {{ timestamp() }})
            or {{ time }} > cast('{{ var("quality_last_year") }}-12-31' as {{ timestamp() }})){% endmacro %}
{# How many rows meet a condition. #}
{% macro count_of(condition) %}sum(case when {{ condition }} then 1 else 0 end){% endmacro %}
