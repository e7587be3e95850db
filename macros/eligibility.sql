{# Who is studied, rule by rule in the order of section 2.2 of Huang 2024: what a stay must fulfil, and what in cohort_eligibility is
   true of those whom the rule leaves out. That mart, cohort_flow and the statistics follow this list. #}
{% macro eligibility_rules() %}
{{ return([
    ('Sepsis-3 within ' ~ var('sepsis_onset_max_h') ~ ' h of ICU admission', 'not has_early_sepsis'),
    ('SIC score of ' ~ var('sic_min_score') ~ ' or more', 'not is_sic'),
    ('first ICU stay of the first admission', 'is_later_stay'),
    ('age of ' ~ var('age_min_years') ~ ' years or more', 'is_minor'),
    ('not pregnant', 'is_pregnant'),
    ('ICU stay of ' ~ var('icu_stay_min_h') ~ ' h or more', 'is_short_stay'),
    ('no heparin after ICU admission (' ~ var('heparin') ~ ')', 'has_heparin'),
    (var('exposure_drug') ~ ' as an infusion at a known rate, or none', 'is_exposure_unknown'),
    (var('exposure_drug') ~ ' for ' ~ var('exposure_min_duration_h') ~ ' h or more, or none', 'is_exposure_short'),
    (var('exposure_drug') ~ ' started within ' ~ var('exposure_max_start_h') ~ ' h of ICU admission, or none', 'is_exposure_late'),
]) }}
{% endmacro %}

{# The same for the trial, in trial_eligibility: what is known at time zero decides. #}
{% macro trial_rules() %}
{{ return([
    ('first ICU stay of the first admission', 'is_later_stay'),
    ('age of ' ~ var('age_min_years') ~ ' years or more', 'is_minor'),
    ('not pregnant', 'is_pregnant'),
    ('SIC known within ' ~ var('trial_screening_h') ~ ' h of ICU admission', 'is_not_sic'),
    ('alive and in the ICU then', 'is_gone'),
    ('no ' ~ var('exposure_drug') ~ ' before', 'has_exposure_before'),
    ('no heparin before (' ~ var('trial_heparin') ~ ')', 'has_heparin_before'),
]) }}
{% endmacro %}

{# Those that no other reading of the study reads otherwise: whoever fulfils them may be in the cohort of some reading. #}
{% macro rules_read_one_way() %}
{%- set one_way = [] -%}
{%- for rule, left_out in eligibility_rules() if left_out not in ('not has_early_sepsis', 'not is_sic', 'has_heparin') -%}
    {%- do one_way.append((rule, left_out)) -%}
{%- endfor -%}
{{ return(one_way) }}
{% endmacro %}

{# Those that are not about the exposure: whoever fulfils them is in the cohort of whichever exposure is put in its place. #}
{% macro rules_but_for_exposure() %}
{%- set others = [] -%}
{%- for rule, left_out in eligibility_rules() if not left_out.startswith('is_exposure_') -%}
    {%- do others.append((rule, left_out)) -%}
{%- endfor -%}
{{ return(others) }}
{% endmacro %}

{# True of a row of cohort_eligibility that no rule leaves out. #}
{% macro fulfils(rules) -%}
{%- for rule, left_out in rules %}{{ ' and ' if not loop.first }}not ({{ left_out }}){% endfor -%}
{%- endmacro %}
