{# Fails on rows whose `column_name` is earlier than `after`, another column; NULL passes. #}
{% test in_order(model, column_name, after) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ after }}
{% endtest %}
