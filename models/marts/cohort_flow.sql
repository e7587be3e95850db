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
    (var('exposure_drug') ~ ' for ' ~ var('dex_min_duration_h') ~ ' h or more, or none', 'is_dex_short'),
    (var('exposure_drug') ~ ' started within ' ~ var('dex_max_start_h') ~ ' h of ICU admission, or none', 'is_dex_late'),
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
        end as step
    from eligibility

),

excluded as (

    select
        step,
        count(*) as n_excluded
    from judged
    group by step

),

total as (

    select count(*) as n_stays
    from judged

),

rules as (
    {% for rule, excludes in rules %}
    select
        {{ loop.index }} as step,
        '{{ rule }}' as rule
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

cumulated as (

    select
        rules.step,
        rules.rule,
        total.n_stays,
        coalesce(excluded.n_excluded, 0) as n_excluded,
        sum(coalesce(excluded.n_excluded, 0)) over (order by rules.step rows unbounded preceding) as n_excluded_so_far
    from rules
    cross join total
    left join excluded
        on rules.step = excluded.step

),

final as (

    select
        step,
        rule,
        cast(n_stays - n_excluded_so_far + n_excluded as bigint) as n_before,
        n_excluded,
        cast(n_stays - n_excluded_so_far as bigint) as n_after
    from cumulated

)

select * from final
