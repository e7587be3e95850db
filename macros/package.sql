{# Inside another project (docs/USING.md) dbt shows the nodes of all packages: only these are of the study. #}
{% macro own(nodes, types=none) %}
{%- set found = [] -%}
{%- for node in nodes if node.package_name == 'dexsic' and (not types or node.resource_type in types) -%}{%- do found.append(node) -%}{%- endfor -%}
{{ return(found) }}
{% endmacro %}

{# The one schema of the study's tables, which another project may set (models: dexsic: +schema, seeds likewise). #}
{% macro study_schema() %}
{%- set known = graph.nodes.get('model.dexsic.analysis_cohort') if execute else none -%}
{{ return(known.schema if known else target.schema) }}
{% endmacro %}

{# False where a command runs nothing of the study: the record of its build is then nobody's business. #}
{% macro is_run() %}
{%- set run = [] -%}
{%- for id in selected_resources if id.split('.')[1] == 'dexsic' -%}{%- do run.append(id) -%}{%- endfor -%}
{{ return(run | length > 0) }}
{% endmacro %}

{# The study's own configuration: the root's, or that of a package. #}
{% macro own_config() %}{{ return(adapter.config.load_dependencies()['dexsic']) }}{% endmacro %}
