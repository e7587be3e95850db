{# A number that can be measured: neither infinite nor NaN, both of which a column of doubles can hold. #}
{% macro is_finite(value) %}{{ return(adapter.dispatch('is_finite')(value)) }}{% endmacro %}
{# PostgreSQL sorts NaN above infinity #}
{% macro postgres__is_finite(value) %}({{ value }} > cast('-Infinity' as double precision) and {{ value }} < cast('Infinity' as double precision)){% endmacro %}

{# True when `unit`, in whatever case, is none of the units that `known` lists with | between them; no unit is no other unit. Nearly
   every row has the one unit of its item, which is a cheap comparison. #}
{% macro is_other_unit(unit, known) %}case
            when {{ unit }} is null or {{ known }} is null or {{ unit }} = {{ known }} or trim({{ unit }}) = '' then false
            else '|' || {{ lower_case(known) }} || '|' not like '%|' || {{ lower_case('trim(' ~ unit ~ ')') }} || '|%'
        end{% endmacro %}
