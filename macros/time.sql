{# Time arithmetic. Everything that an engine spells in its own way is dispatched; models call only these names. #}

{# Seconds since 1970 of a timestamp without zone, as a whole number. #}
{% macro epoch_seconds(ts) %}{{ return(adapter.dispatch('epoch_seconds')(ts)) }}{% endmacro %}
{# date_part gives a double; extract gives a decimal number, several times slower #}
{% macro postgres__epoch_seconds(ts) %}cast(date_part('epoch', {{ ts }}) as bigint){% endmacro %}
{% macro duckdb__epoch_seconds(ts) %}cast(epoch({{ ts }}) as bigint){% endmacro %}
{# unix_seconds cuts fractions off #}
{% macro spark__epoch_seconds(ts) %}cast(rint(unix_micros({{ ts }}) / 1000000D) as bigint){% endmacro %}

{# `ts` moved by a number or an integer-valued expression of hours. #}
{% macro add_hours(ts, hours) %}{{ return(adapter.dispatch('add_hours')(ts, hours)) }}{% endmacro %}
{% macro postgres__add_hours(ts, hours) %}({{ ts }} + ({{ hours }}) * interval '1 hour'){% endmacro %}
{% macro duckdb__add_hours(ts, hours) %}({{ ts }} + to_seconds(({{ hours }}) * 3600)){% endmacro %}
{# an interval is not multiplied in hours there: a fraction of one would be dropped #}
{% macro spark__add_hours(ts, hours) %}timestampadd(microsecond, cast(({{ hours }}) * 3600000000D as bigint), {{ ts }}){% endmacro %}

{# The start of the hour, of the minute or of the day that holds `ts`. #}
{% macro truncate_time(part, ts) %}{{ return(adapter.dispatch('truncate_time')(part, ts)) }}{% endmacro %}
{% macro postgres__truncate_time(part, ts) %}date_trunc('{{ part }}', {{ ts }}){% endmacro %}
{% macro duckdb__truncate_time(part, ts) %}date_trunc('{{ part }}', {{ ts }}){% endmacro %}
{% macro spark__truncate_time(part, ts) %}date_trunc('{{ part }}', {{ ts }}){% endmacro %}

{% macro year_of(ts) %}{{ return(adapter.dispatch('year_of')(ts)) }}{% endmacro %}
{% macro postgres__year_of(ts) %}cast(extract(year from {{ ts }}) as integer){% endmacro %}
{% macro duckdb__year_of(ts) %}cast(year({{ ts }}) as integer){% endmacro %}
{% macro spark__year_of(ts) %}year({{ ts }}){% endmacro %}

{# Rows for every integer from `first` to `last`, joined to the row they come from; the value is <alias>.<column>. #}
{% macro cross_join_integers(first, last, alias, column) %}{{ return(adapter.dispatch('cross_join_integers')(first, last, alias, column)) }}{% endmacro %}
{% macro postgres__cross_join_integers(first, last, alias, column) %}cross join generate_series({{ first }}, {{ last }}) as {{ alias }} ({{ column }}){% endmacro %}
{% macro duckdb__cross_join_integers(first, last, alias, column) %}cross join unnest(cast(generate_series({{ first }}, {{ last }}) as integer[])) as {{ alias }} ({{ column }}){% endmacro %}
{# sequence counts down when `last` is below `first` #}
{% macro spark__cross_join_integers(first, last, alias, column) %}lateral view explode(case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}) end) {{ alias }} as {{ column }}{% endmacro %}

{# Hours from `a` to `b`, as a double; negative when `b` is earlier. #}
{% macro hours_between(a, b) %}(({{ epoch_seconds(b) }} - {{ epoch_seconds(a) }}) / cast(3600 as {{ double() }})){% endmacro %}

{# Minutes from `a` to `b`, each cut down to its minute, as mimic-code counts them. #}
{% macro whole_minutes_between(a, b) %}{{ whole_quotient(epoch_seconds(truncate_time('minute', b)) ~ ' - ' ~ epoch_seconds(truncate_time('minute', a)), 60) }}{% endmacro %}

{# Hours from `a` to `b`, each cut down to its hour, as mimic-code counts them. #}
{% macro whole_hours_between(a, b) %}{{ whole_quotient(epoch_seconds(truncate_time('hour', b)) ~ ' - ' ~ epoch_seconds(truncate_time('hour', a)), 3600) }}{% endmacro %}

{# The hour of the clock that holds `ts`, by the number of full hours since 1970 at its end: hour h covers (h - 1, h]. `rounding`
   floor gives the last hour whose end `ts` reaches. #}
{% macro clock_hour(ts, rounding='ceil') %}cast({{ rounding }}({{ epoch_seconds(ts) }} / cast(3600 as {{ double() }})) as integer){% endmacro %}

{# The time at which that hour of the clock ends. #}
{% macro end_of_clock_hour(hour) %}{{ add_hours("cast('1970-01-01 00:00:00' as " ~ timestamp() ~ ")", "cast(" ~ hour ~ " as bigint)") }}{% endmacro %}

{# True when `ts` lies from `before` hours before to `after` hours after `anchor`, both ends in. #}
{% macro within_hours(ts, anchor, before, after) %}({{ ts }} >= {{ add_hours(anchor, -1 * before) }} and {{ ts }} <= {{ add_hours(anchor, after) }}){% endmacro %}

{# The window of first-day labs and vital signs around ICU admission. #}
{% macro within_first_day(ts, icu_admitted_at) %}{{ within_hours(ts, icu_admitted_at, var('first_day_before_h'), var('first_day_after_h')) }}{% endmacro %}
