{# Fails on words that a list of macros/lists.sql does not have. #}
{% test in_list(model, column_name, list) %}
{%- set lists = {
    'lab concepts': lab_concepts() + gas_concepts() + control_lab_concepts(), 'icd categories': icd_categories(), 'infusion drugs': infusion_drugs()
} -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} not in ({{ text_literals(lists[list]) }})
{% endtest %}
