{# Vars that choose between readings: a word that no model knows must not pass silently as one of them. #}
{% macro check_choices() %}
{%- set choices = {
    'sofa_first_day_ventilated': ['mimic_code', 'hourly'],
    'gcs_intubated': ['normal', 'missing'],
    'sic_rule': ['paper', 'strict'],
    'sic_sofa': ['four', 'total'],
    'oxygen_device_needs_flow': [true, false],
    'dex_duration': ['union', 'longest_episode'],
    'heparin': ['infusion', 'any_icu', 'any_order'],
    'followup': ['day28', 'discharge'],
    'vasoactive_items': ['default', 'extended'],
    'tumor_codes': ['mimic_code', 'corrected'],
    'sofa_pressor': ['hour_end', 'any_in_hour'],
} -%}
{%- if execute -%}
    {%- for name, allowed in choices.items() if var(name) not in allowed -%}
        {{ exceptions.raise_compiler_error("var " ~ name ~ " is " ~ var(name) ~ ": choose one of " ~ allowed | join(', ')) }}
    {%- endfor -%}
{%- endif -%}
{% endmacro %}
