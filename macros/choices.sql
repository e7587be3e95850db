{# Vars that choose between readings: a word that no model knows must not pass silently as one of them, nor must a var that nobody
   reads. #}
{% macro check_choices() %}
{%- set choices = {
    'sofa_first_day_ventilated': ['mimic_code', 'hourly'],
    'gcs_intubated': ['normal', 'missing'],
    'lab_key': ['admission', 'patient'],
    'antibiotic_list': ['mimic_code', 'extended', 'extended_with_antifungals'],
    'culture_screening': ['count', 'ignore'],
    'urine_negative': ['zero', 'mimic_code'],
    'infusion_reading': ['running', 'mimic_code'],
    'infusion_rate_from_amount': [true, false],
    'hospital_death': ['any_record', 'flag'],
    'sic_rule': ['paper', 'strict'],
    'sic_sofa': ['four', 'total'],
    'ventilation_words': ['mimic_code', 'extended'],
    'oxygen_device_needs_flow': [true, false],
    'exposure_duration': ['union', 'longest_episode'],
    'heparin': ['infusion', 'any_icu', 'any_order'],
    'trial_heparin': ['infusion', 'any_icu', 'any_order'],
    'trial_time_zero': ['sic_met', 'icu_admission'],
    'heparin_names': ['default', 'extended'],
    'followup': ['day28', 'discharge'],
    'vasoactive_items': ['default', 'extended'],
    'ethnicity_unknown': ['other', 'apart'],
    'tumor_codes': ['mimic_code', 'corrected'],
    'sofa_pressor': ['hour_end', 'any_in_hour'],
    'exposure_drug': exposure_drugs(),
    'zigong': [true, false],
    'zigong_nursing': [true, false],
} -%}
{%- if execute -%}
    {%- set formerly = 'dex_' -%}
    {%- for name in adapter.config.cli_vars if name.startswith(formerly) and name.replace(formerly, 'exposure_', 1) in project_vars() -%}
        {{ exceptions.raise_compiler_error("var " ~ name ~ " is now " ~ name.replace(formerly, 'exposure_', 1) ~ ": it is of whichever drug is studied") }}
    {%- endfor -%}
    {#- inside another project only what it sets for this one is known to be ours -#}
    {%- set alone = adapter.config.project_name == 'dexsic' -%}
    {%- for name in (adapter.config.cli_vars if alone else adapter.config.vars.to_dict().get('dexsic', {})) if name not in project_vars() -%}
        {{ exceptions.raise_compiler_error("no var is named " ~ name ~ ": dbt_project.yml lists those that there are") }}
    {%- endfor -%}
    {%- for name, allowed in choices.items() if var(name) not in allowed -%}
        {{ exceptions.raise_compiler_error("var " ~ name ~ " is " ~ var(name) ~ ": choose one of " ~ allowed | join(', ')) }}
    {%- endfor -%}
    {%- if var('trial_interval_h') | int != var('trial_interval_h') or var('trial_interval_h') < 2 or var('trial_grace_h') % var('trial_interval_h') != 0 -%}
        {{ exceptions.raise_compiler_error("var trial_interval_h is " ~ var('trial_interval_h') ~ ": choose whole hours, 2 or more, of which trial_grace_h ("
            ~ var('trial_grace_h') ~ ") is a multiple") }}
    {%- endif -%}
{%- endif -%}
{% endmacro %}

{# The drugs that can be studied: those of the seed infusion_item but heparin, for whoever has that is excluded (var heparin). #}
{% macro exposure_drugs() %}{{ return(infusion_drugs() | reject('equalto', 'heparin') | list) }}{% endmacro %}
