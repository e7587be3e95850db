{# Sums and means that do not depend on the order of rows: a value that lies on a threshold must not move by the last digit.
   Values are added as whole numbers of billionths, which doubles do exactly up to a total of 9 million (2^53 billionths), and
   without the cost of decimal numbers. #}
{% macro exact_sum(value) %}(sum({{ billionths(value) }}) / {{ billion() }}){% endmacro %}
{# The same for totals of any size, a little slower: doubles are whole only up to 2^53, integers are always. A value over 9 billion,
   which no rate reaches, counts as 9 billion. #}
{% macro exact_large_sum(value) %}(cast({{ sum_of_integers('cast(' ~ billionths(within_billions(value)) ~ ' as bigint)') }} as {{ double() }}) / {{ billion() }}){% endmacro %}
{# A sum that may exceed what its values can hold. #}
{% macro sum_of_integers(value) %}{{ return(adapter.dispatch('sum_of_integers')(value)) }}{% endmacro %}
{% macro default__sum_of_integers(value) %}sum({{ value }}){% endmacro %}
{% macro spark__sum_of_integers(value) %}sum(cast({{ value }} as decimal(19, 0))){% endmacro %}
{% macro exact_mean(value) %}(sum({{ billionths(value) }}) / (cast(count({{ value }}) as {{ double() }}) * {{ billion() }})){% endmacro %}
{% macro billionths(value) %}{{ nearest_whole('cast(' ~ value ~ ' as ' ~ double() ~ ') * ' ~ billion()) }}{% endmacro %}
{# A value of which a billion times is still a number: beyond 9 billion, which nothing measured reaches, it counts as 9 billion. #}
{% macro within_billions(value) %}{{ greatest_of(least_of(value, 9000000000), -9000000000) }}{% endmacro %}
{% macro billion() %}cast(1000000000 as {{ double() }}){% endmacro %}

{# Hours of a group's intervals together; one that ends before it starts has none. #}
{% macro total_hours(a, b) %}(cast(sum({{ greatest_of(epoch_seconds(b) ~ ' - ' ~ epoch_seconds(a), 0) }}) as {{ double() }}) / 3600){% endmacro %}
