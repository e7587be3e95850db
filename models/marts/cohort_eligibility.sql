/*
Grain       one row per ICU stay
Definition  one boolean per rule of section 2.2, in each of its readings; the vars sic_rule, sic_sofa, heparin and
            exposure_duration choose which reading counts. is_eligible: septic with SIC and excluded by no rule; treated:
            exposed to var exposure_drug. is_eligible_otherwise: fulfils the rules that are read in one way alone.
            is_eligible_but_for_exposure: fulfils those that are not about that drug.
            is_exposure_unknown: given that drug, but never as an infusion that runs
Source      section 2.2 of Huang 2024
Deviation   an unknown age counts as adult, and the stay is flagged by a data test
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

sic_score as (

    select * from {{ ref('sic_score') }}

),

comorbidities as (

    select * from {{ ref('int_comorbidity') }}

),

heparin as (

    select * from {{ ref('int_heparin') }}

),

exposure as (

    select * from {{ ref('exposure') }}

),

unknown as (

    select * from {{ ref('int_exposure_unknown') }}

),

rules as (

    select
        stays.stay_id,
        stays.subject_id,
        stays.hadm_id,
        sic_score.has_early_sepsis,
        sic_score.is_sic,
        sic_score.is_sic_paper,
        sic_score.is_sic_total,
        sic_score.is_sic_strict,
        sic_score.is_sic_strict_total,
        sic_score.is_sic_labs_by_admission,
        sic_score.is_sic_labs_by_patient,
        sic_score.is_sic_screening_counted,
        sic_score.is_sic_screening_ignored,
        sic_score.is_sic_antibiotics_mimic_code,
        sic_score.is_sic_antibiotics_extended,
        stays.subject_stay_seq > 1 as is_later_stay,
        coalesce(stays.age_years < {{ var('age_min_years') }}, false) as is_minor,
        coalesce(comorbidities.pregnancy, 0) = 1 as is_pregnant,
        coalesce(stays.icu_stay_h < {{ var('icu_stay_min_h') }}, true) as is_short_stay,
        coalesce(heparin.has_infusion, false) as has_heparin_infusion,
        coalesce(heparin.has_any_icu, false) as has_heparin_any_icu,
        coalesce(heparin.has_any_order, false) as has_heparin_any_order,
        coalesce(heparin.has_{{ var('heparin') }}, false) as has_heparin,
        unknown.stay_id is not null as is_exposure_unknown,
        coalesce(exposure.running_h < {{ var('exposure_min_duration_h') }}, false) as is_exposure_short_union,
        coalesce(exposure.longest_episode_h < {{ var('exposure_min_duration_h') }}, false) as is_exposure_short_longest_episode,
        coalesce(exposure.duration_h < {{ var('exposure_min_duration_h') }}, false) as is_exposure_short,
        coalesce(exposure.start_offset_h > {{ var('exposure_max_start_h') }}, false) as is_exposure_late,
        coalesce(exposure.is_exposed, false) as treated
    from stays
    inner join sic_score
        on stays.stay_id = sic_score.stay_id
    left join comorbidities
        on stays.hadm_id = comorbidities.hadm_id
    left join heparin
        on stays.stay_id = heparin.stay_id
    left join exposure
        on stays.stay_id = exposure.stay_id
    left join unknown
        on stays.stay_id = unknown.stay_id

),

final as (

    select
        rules.*,
        {{ fulfils(eligibility_rules()) }} as is_eligible,
        {{ fulfils(rules_read_one_way()) }} as is_eligible_otherwise,
        {{ fulfils(rules_but_for_exposure()) }} as is_eligible_but_for_exposure
    from rules

)

select * from final
