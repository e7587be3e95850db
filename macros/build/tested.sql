{# [id, name, model, status, failures, description] of every data and unit test among the results. Failing rows are not read. #}
{% macro test_outcomes(results) %}
{%- set found = [] -%}
{%- for result in results if result.node.resource_type in ('test', 'unit_test') and result.status != 'skipped' -%}
    {%- set node = result.node -%}
    {%- set sentence = node.name | replace('_', ' ') -%}
    {%- if node.resource_type == 'unit_test' -%}
        {%- set model, described = last_parts([node.tested_node_unique_id or node.model or '']), sentence -%}
    {%- elif node.test_metadata -%}
        {%- set model, described = last_parts([node.attached_node or '']), in_words(node.test_metadata, node.column_name) -%}
    {%- else -%}
        {%- set model, described = last_parts(node.depends_on.nodes), sentence -%}
    {%- endif -%}
    {%- set counted = ' (failures are rows per million)' if '1000000' in (node.config.fail_calc or '') else '' -%}
    {%- do found.append([node.unique_id, node.name, model, result.status, result.failures or 0, (node.description or described) ~ counted]) -%}
{%- endfor -%}
{{ return(found) }}
{% endmacro %}

{# The tables' own names in dbt's ids of them. #}
{% macro last_parts(ids) %}
{%- set names = [] -%}
{%- for id in ids -%}{%- do names.append(id.split('.') | last) -%}{%- endfor -%}
{{ return(names | join(', ')) }}
{% endmacro %}

{# A test of a yml in a few words: column, name, arguments. #}
{% macro in_words(generic, column_name) %}
{%- set arguments = [] -%}
{%- for name, value in generic.kwargs.items() if name not in ('model', 'column_name') -%}
    {%- do arguments.append(name ~ ' ' ~ (value | join(', ') if value is sequence and value is not string else value)) -%}
{%- endfor -%}
{%- set words = (column_name ~ ' ' if column_name else '') ~ generic.name | replace('_', ' ') -%}
{{ return(words ~ (': ' ~ render(arguments | join('; ')) if arguments else '')) }}
{% endmacro %}
