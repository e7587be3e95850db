{# A number that can be measured: neither infinite nor NaN, both of which a column of doubles can hold. #}
{% macro is_finite(value) %}{{ return(adapter.dispatch('is_finite')(value)) }}{% endmacro %}
{# PostgreSQL sorts NaN above infinity #}
{% macro postgres__is_finite(value) %}({{ value }} > cast('-Infinity' as double precision) and {{ value }} < cast('Infinity' as double precision)){% endmacro %}
{% macro duckdb__is_finite(value) %}isfinite({{ value }}){% endmacro %}
{% macro spark__is_finite(value) %}({{ value }} > cast('-Infinity' as double) and {{ value }} < cast('Infinity' as double)){% endmacro %}

{# The integer `a` in units of the integer `b`, cut down towards 0. #}
{% macro whole_quotient(a, b) %}{{ return(adapter.dispatch('whole_quotient')(a, b)) }}{% endmacro %}
{% macro postgres__whole_quotient(a, b) %}(({{ a }}) / {{ b }}){% endmacro %}
{# / gives a double there #}
{% macro duckdb__whole_quotient(a, b) %}(({{ a }}) // {{ b }}){% endmacro %}
{% macro spark__whole_quotient(a, b) %}(({{ a }}) div {{ b }}){% endmacro %}

{# Rounded as one does it by hand, halves up: as a decimal number of the digits that a double is sure of. #}
{% macro rounded(value, digits) %}{{ return(adapter.dispatch('rounded')(value, digits)) }}{% endmacro %}
{% macro postgres__rounded(value, digits) %}cast(round(cast({{ value }} as numeric), {{ digits }}) as double precision){% endmacro %}
{# a decimal number has a fixed scale there: 12 digits after the point hold what 15 digits hold of a weight or a temperature #}
{% macro duckdb__rounded(value, digits) %}cast(round(cast({{ value }} as decimal(38, 12)), {{ digits }}) as double precision){% endmacro %}
{% macro spark__rounded(value, digits) %}cast(round(cast({{ value }} as decimal(38, 12)), {{ digits }}) as double){% endmacro %}
{# The same for a quotient of two integers, which need not be a double. #}
{% macro rounded_quotient(a, b, digits) %}{{ return(adapter.dispatch('rounded_quotient')(a, b, digits)) }}{% endmacro %}
{% macro postgres__rounded_quotient(a, b, digits) %}round(cast({{ a }} as numeric) / {{ b }}.0, {{ digits }}){% endmacro %}
{% macro duckdb__rounded_quotient(a, b, digits) %}{{ duckdb__rounded('(' ~ a ~ ') / ' ~ b, digits) }}{% endmacro %}
{% macro spark__rounded_quotient(a, b, digits) %}{{ spark__rounded('(' ~ a ~ ') / ' ~ b, digits) }}{% endmacro %}

{# To the nearest whole number, halves to the even one, as a double. #}
{% macro nearest_whole(value) %}{{ return(adapter.dispatch('nearest_whole')(value)) }}{% endmacro %}
{% macro postgres__nearest_whole(value) %}round({{ value }}){% endmacro %}
{% macro duckdb__nearest_whole(value) %}round_even({{ value }}, 0){% endmacro %}
{% macro spark__nearest_whole(value) %}rint({{ value }}){% endmacro %}

{# True when `unit`, in whatever case, is none of the units that `known` lists with | between them; no unit is no other unit. Nearly
   every row has the one unit of its item, which is a cheap comparison. #}
{% macro is_other_unit(unit, known) %}case
            when {{ unit }} is null or {{ known }} is null or {{ unit }} = {{ known }} or {{ trimmed(unit) }} = '' then false
            else not {{ holds("'|' || " ~ lower_case(known) ~ " || '|'", "'|' || " ~ lower_case(trimmed(unit)) ~ " || '|'") }}
        end{% endmacro %}
{# The decimal number in a text, the marks of a laboratory (? < > =) and blanks apart; NULL where the rest is none. #}
{% macro number_in(text) %}{{ return(adapter.dispatch('number_in')(text)) }}{% endmacro %}
{% macro postgres__number_in(text) %}case
        when translate({{ text }}, '?<>= ', '') ~ '^[+-]?[0-9]{1,15}([.][0-9]{0,15})?$'
            then cast(translate({{ text }}, '?<>= ', '') as double precision)
    end
{%- endmacro %}
{% macro duckdb__number_in(text) %}case
        when regexp_full_match(translate({{ text }}, '?<>= ', ''), '[+-]?[0-9]{1,15}([.][0-9]{0,15})?')
            then cast(translate({{ text }}, '?<>= ', '') as double precision)
    end
{%- endmacro %}
{# $ would let a line break follow #}
{% macro spark__number_in(text) %}case
        when translate({{ text }}, '?<>= ', '') rlike '^[+-]?[0-9]{1,15}([.][0-9]{0,15})?(?![^x]|x)'
            then cast(translate({{ text }}, '?<>= ', '') as double)
    end
{%- endmacro %}
{# The greater of two, or the one that is there. #}
{% macro later_of(a, b) %}case when {{ a }} >= {{ b }} or {{ b }} is null then {{ a }} else {{ b }} end{% endmacro %}
{# The lesser and the greater of two; a NULL is left out of account. #}
{% macro least_of(a, b) %}{{ return(adapter.dispatch('least_of')(a, b)) }}{% endmacro %}
{% macro default__least_of(a, b) %}least({{ a }}, {{ b }}){% endmacro %}
{% macro greatest_of(a, b) %}{{ return(adapter.dispatch('greatest_of')(a, b)) }}{% endmacro %}
{% macro default__greatest_of(a, b) %}greatest({{ a }}, {{ b }}){% endmacro %}

{# True of a number outside [at_least, at_most], of which one may be open; NULL is not outside. #}
{% macro is_outside(number, at_least=none, at_most=none) -%}
{{ number ~ ' < ' ~ at_least if at_least is not none }}
{{- ' or ' if at_least is not none and at_most is not none }}
{{- number ~ ' > ' ~ at_most if at_most is not none }}
{%- endmacro %}
