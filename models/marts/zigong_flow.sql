{{ config(enabled=var('zigong')) }}

/*
Grain       one row per rule of the external cohort, in order
Definition  how many patients each rule leaves out of those that passed the rules before it
Source      section 2.6 of Huang 2024
*/
{%- set rules = [
    ('an ICU stay', 'has_no_icu_stay'),
    ('age of ' ~ var('age_min_years') ~ ' years or more', 'is_minor'),
    ('ICU stay of ' ~ var('icu_stay_min_h') ~ ' h or more', 'is_short_stay'),
    ('no heparin ordered after ICU admission', 'has_heparin'),
    ('SIC score of ' ~ var('sic_min_score') ~ ' or more', 'not is_sic'),
] %}
{{ flow_of(ref('int_zigong_patient'), rules) }}
