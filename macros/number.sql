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
{# The decimal number in a text, the marks of a laboratory (? < > =) and blanks apart; NULL where the rest is none. #}
{% macro number_in(text) %}{{ return(adapter.dispatch('number_in')(text)) }}{% endmacro %}
{% macro postgres__number_in(text) %}case
        when translate({{ text }}, '?<>= ', '') ~ '^[+-]?[0-9]{1,15}([.][0-9]{0,15})?$'
            then cast(translate({{ text }}, '?<>= ', '') as double precision)
    end
{%- endmacro %}
{# The greater of two, or the one that is there. #}
{% macro later_of(a, b) %}case when {{ a }} >= {{ b }} or {{ b }} is null then {{ a }} else {{ b }} end{% endmacro %}
