{# Warns on any row whose `column_name` is earlier than `after`, another column, and fails when they are too many (rows per million, see
   mostly_between); NULL passes. #}
{% test mostly_in_order(model, column_name, after) %}
{{ config(fail_calc='coalesce(ceil(1000000.0 * count(*) / max(n_rows)), 0)', warn_if='>0', error_if='>20') }}
select
    {{ column_name }},
    (select count(*) from {{ model }}) as n_rows
from {{ model }}
where {{ column_name }} < {{ after }}
{% endtest %}
