{# accepted_between for several columns in one query: fails on rows with a value outside [at_least, at_most]; NULL passes. #}
{% test columns_between(model, columns, at_least, at_most) %}
select {{ columns | join(', ') }}
from {{ model }}
where
    false
    {%- for column in columns %}
    or {{ column }} < {{ at_least }} or {{ column }} > {{ at_most }}
    {%- endfor %}
{% endtest %}
