{# BigQuery, where PhysioNet hosts MIMIC-IV. Compiled and parsed, never run: docs/BIGQUERY.md. #}

{% macro bigquery__double() %}float64{% endmacro %}
{% macro bigquery__text() %}string{% endmacro %}
{# a timestamp is a moment in UTC there; times without zone, MIMIC-IV's, are datetimes #}
{% macro bigquery__timestamp() %}datetime{% endmacro %}

{# MIMIC-IV's times are whole seconds; a part of one is cut off #}
{% macro bigquery__epoch_seconds(ts) %}datetime_diff(cast({{ ts }} as datetime), datetime '1970-01-01 00:00:00', second){% endmacro %}
{# an interval takes integers only #}
{% macro bigquery__add_hours(ts, hours) %}datetime_add(cast({{ ts }} as datetime), interval cast(({{ hours }}) * 3600 as int64) second){% endmacro %}
{% macro bigquery__truncate_time(part, ts) %}datetime_trunc(cast({{ ts }} as datetime), {{ part }}){% endmacro %}
{% macro bigquery__year_of(ts) %}extract(year from {{ ts }}){% endmacro %}
{# an alias of unnest has no columns of its own unless its values are structs #}
{% macro bigquery__cross_join_integers(first, last, alias, column) %}cross join unnest(array(select as struct each_integer as {{ column }} from unnest(generate_array({{ first }}, {{ last }})) as each_integer)) as {{ alias }}{% endmacro %}

{# lower() knows the letters of every script, trim() all white space #}
{% macro bigquery__lower_case(text) %}translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'){% endmacro %}
{% macro bigquery__trimmed(text) %}trim({{ text }}, ' '){% endmacro %}
{% macro bigquery__byte_order(text) %}{{ text }}{% endmacro %}

{% macro bigquery__is_finite(value) %}(not is_inf({{ value }}) and not is_nan({{ value }})){% endmacro %}
{% macro bigquery__whole_quotient(a, b) %}div({{ a }}, {{ b }}){% endmacro %}
{# a decimal number holds every digit of the double, also those it is not sure of: as on DuckDB, 12 after the point are kept #}
{% macro bigquery__rounded(value, digits) %}cast(round(round(cast({{ value }} as bignumeric), 12), {{ digits }}) as float64){% endmacro %}
{% macro bigquery__rounded_quotient(a, b, digits) %}{{ bigquery__rounded('(' ~ a ~ ') / ' ~ b, digits) }}{% endmacro %}
{# round() of a double knows halves away from 0 only; a value over 5e38 is an error there #}
{% macro bigquery__nearest_whole(value) %}cast(round(cast({{ value }} as bignumeric), 0, 'ROUND_HALF_EVEN') as float64){% endmacro %}
{% macro bigquery__number_in(text) %}case
        when regexp_contains(translate({{ text }}, '?<>= ', ''), '^[+-]?[0-9]{1,15}([.][0-9]{0,15})?$')
            then cast(translate({{ text }}, '?<>= ', '') as float64)
    end
{%- endmacro %}
{% macro bigquery__holds(text, part) %}strpos({{ text }}, {{ part }}) > 0{% endmacro %}
{# one NULL makes the whole NULL there #}
{% macro bigquery__least_of(a, b) %}coalesce(least({{ a }}, {{ b }}), {{ a }}, {{ b }}){% endmacro %}
{% macro bigquery__greatest_of(a, b) %}coalesce(greatest({{ a }}, {{ b }}), {{ a }}, {{ b }}){% endmacro %}
{# an outer join needs something that is equal on both sides: 0, of two texts that are there #}
{% macro bigquery__outer_like(text, pattern) %}{{ text }} like {{ pattern }} and length({{ text }}) * 0 = length({{ pattern }}) * 0{% endmacro %}

{# It counts while it writes; a model is written whole or not at all, no table is emptied by a crash, and nobody takes another's away
   unseen. No record of the build is written, so that analysis_py reads none: docs/BIGQUERY.md. #}
{% macro bigquery__analyze(relation) %}{% endmacro %}
{% macro bigquery__find_sources() %}{% endmacro %}
{% macro bigquery__lock_schema() %}{% endmacro %}
{% macro bigquery__refuse_emptied() %}{% endmacro %}
{% macro bigquery__forget_build() %}{% endmacro %}
{% macro bigquery__bounded_wait() %}{% endmacro %}
{% macro bigquery__record_build(results) %}{% endmacro %}
{# the parts of a record: dbt asks for every dispatched name when it parses #}
{% macro bigquery__state_of_sources() %}{{ return([]) }}{% endmacro %}
{% macro bigquery__now_in_utc() %}format_datetime('%F %T', current_datetime()){% endmacro %}
{% macro bigquery__engine_version() %}''{% endmacro %}
{% macro bigquery__rows_of_sources() %}{% endmacro %}
{% macro bigquery__column_names(table) %}{{ return([]) }}{% endmacro %}
{% macro bigquery__can_record_tests() %}select false{% endmacro %}

{# dbt's own, which hands the types of column_types to BigQuery as they are. #}
{% macro bigquery__load_csv_rows(model, agate_table) %}
{%- set types = model.config.column_types -%}
{%- for column, type in types.items() -%}
    {%- do types.update({column: {'double precision': 'float64', 'text': 'string', 'bigint': 'int64'}.get(type, type)}) -%}
{%- endfor -%}
{{ return(dbt.bigquery__load_csv_rows(model, agate_table)) }}
{% endmacro %}
{% macro bigquery__nulls_last() %} nulls last{% endmacro %}
