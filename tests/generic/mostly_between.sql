{# Warns on any value outside [at_least, at_most] and fails when they are too many; NULL passes. The number that it reports and that
   `error_if` compares is rows per million, so that one limit fits a demo and a full database. #}
{% test mostly_between(model, column_name, at_least=none, at_most=none) %}
{{ config(fail_calc='coalesce(ceil(1000000.0 * count(*) / max(n_rows)), 0)', warn_if='>0', error_if='>2000') }}
select
    {{ column_name }},
    (select count(*) from {{ model }}) as n_rows
from {{ model }}
where {{ is_outside(column_name, at_least, at_most) }}
{% endtest %}
