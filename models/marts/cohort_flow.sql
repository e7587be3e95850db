/*
Grain       one row per rule, in the order of section 2.2
Definition  how many ICU stays each rule leaves out of those that passed the rules before it
Source      Figure 1 of Huang 2024
*/
{%- set rules = [
    ('Sepsis-3 within ' ~ var('sepsis_onset_max_h') ~ ' h of ICU admission', 'not has_early_sepsis'),
    ('SIC score of ' ~ var('sic_min_score') ~ ' or more', 'not is_sic'),
    ('first ICU stay of the first admission', 'is_later_stay'),
    ('age of ' ~ var('age_min_years') ~ ' years or more', 'is_minor'),
    ('not pregnant', 'is_pregnant'),
    ('ICU stay of ' ~ var('icu_stay_min_h') ~ ' h or more', 'is_short_stay'),
    ('no heparin after ICU admission (' ~ var('heparin') ~ ')', 'has_heparin'),
    ('dexmedetomidine for ' ~ var('dex_min_duration_h') ~ ' h or more, or none', 'is_dex_short'),
    ('dexmedetomidine started within ' ~ var('dex_max_start_h') ~ ' h of ICU admission, or none', 'is_dex_late'),
] %}
with

eligibility as (

    select * from {{ ref('cohort_eligibility') }}

),

judged as (

    select
        case
            {%- for rule, excludes in rules %}
            when {{ excludes }} then {{ loop.index }}
            {%- endfor %}
        end as excluded_at_step
    from eligibility

),

counted as (

    select
        count(*) as n_stays,
        {%- for rule, excludes in rules %}
        count(case when excluded_at_step = {{ loop.index }} then 1 end) as n_excluded_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from judged

),

steps as (
    {% for rule, excludes in rules %}
    select
        {{ loop.index }} as step,
        '{{ rule }}' as rule,
        {{ 'n_stays' if loop.first }}
        {%- for step in range(1, loop.index) %}{{ 'n_stays' if loop.first }} - n_excluded_{{ step }}{% endfor %} as n_before,
        n_excluded_{{ loop.index }} as n_excluded
    from counted
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (

    select
        step,
        rule,
        n_before,
        n_excluded,
        n_before - n_excluded as n_after
    from steps

)

select * from final
