{# Fails on values outside [at_least, at_most]; NULL passes. #}
{% test accepted_between(model, column_name, at_least=none, at_most=none) %}
select {{ column_name }}
from {{ model }}
where {{ is_outside(column_name, at_least, at_most) }}
{% endtest %}
