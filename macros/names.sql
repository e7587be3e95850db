{# Lists of names of drugs (seed drug_name): which rows count is said by the var antibiotic_list for antibiotics and what is not systemic,
   by heparin_names for what is no dose of heparin. #}

{# The list that the study is built with, and the one beside it, whose sepsis is a row of the robustness grid. #}
{% macro antibiotic_list(reading) %}
{%- set chosen = var('antibiotic_list') -%}
{{ return(chosen if reading == 'chosen' else ('extended' if chosen == 'mimic_code' else 'mimic_code')) }}
{% endmacro %}

{# True of a row of the seed that is in `list`; `lists` holds names with | between them, or all. #}
{% macro is_in_list(lists, list) %}({{ lists }} = 'all' or '|' || {{ lists }} || '|' like '%|{{ list }}|%'){% endmacro %}

{# True of a name and route of prescriptions that a row of the seed negative_control_exposure means. #}
{% macro is_named(names, listed) -%}
(
            ({{ listed }}.match = 'contains' and {{ holds(lower_case(names ~ '.drug'), lower_case(listed ~ '.pattern')) }})
            or ({{ listed }}.match = 'equals' and {{ same_text(names ~ '.drug', listed ~ '.pattern') }})
        )
        and ({{ listed }}.route is null or {{ same_text(names ~ '.route', listed ~ '.route') }})
{%- endmacro %}
