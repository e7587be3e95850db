/*
Grain       one row per ICU stay; every stay, septic or not
Definition  SIC score from the worst first-day values: platelets, INR, and the SOFA of four organs. SIC: a total of
            sic_min_score or more in a patient whose Sepsis-3 began within sepsis_onset_max_h of ICU admission
Source      Iba 2017; section 2.2 of Huang 2024
            Who was septic is read in both ways of lab_key, culture_screening and antibiotic_list, one at a time
Deviation   a missing value gives no point. sic_rule and sic_sofa choose the reading; cohort_eligibility holds all of
            them
*/
{%- set is_other_key = 'has_early_sepsis_other_lab_key' -%}
{%- set is_other_screening = 'has_early_sepsis_other_screening' -%}
{%- set by_admission = 'has_early_sepsis' if var('lab_key') == 'admission' else is_other_key -%}
{%- set by_patient = 'has_early_sepsis' if var('lab_key') == 'patient' else is_other_key -%}
{%- set counted = 'has_early_sepsis' if var('culture_screening') == 'count' else is_other_screening -%}
{%- set ignored = 'has_early_sepsis' if var('culture_screening') == 'ignore' else is_other_screening -%}
{%- set is_other_list = 'has_early_sepsis_other_antibiotics' -%}
{%- set by_mimic_code = 'has_early_sepsis' if var('antibiotic_list') == 'mimic_code' else is_other_list -%}
{%- set by_extended = is_other_list if var('antibiotic_list') == 'mimic_code' else 'has_early_sepsis' -%}
{%- set is_coagulopathy = 'sic_score_' ~ var('sic_sofa') ~ ' >= ' ~ var('sic_min_score')
    ~ (' and is_strict' if var('sic_rule') == 'strict' else '') %}
with

labs as (

    select * from {{ ref('int_first_day_lab') }}

),

sofa as (

    select * from {{ ref('int_first_day_sofa') }}

),

sepsis3 as (

    select * from {{ ref('sepsis3') }}

),

readings as (

    select * from {{ ref('int_sepsis_reading') }}

),

stays as (

    select
        stay_id,
        icu_admitted_at
    from {{ ref('int_icu_stay') }}

),

measured as (

    select
        stays.stay_id,
        labs.platelets_min,
        labs.inr_max,
        sofa.sofa_four,
        sofa.sofa_total,
        coalesce(
            sepsis3.is_sepsis3
            and sepsis3.sofa_at <= {{ add_hours('stays.icu_admitted_at', var('sepsis_onset_max_h')) }}, false
        ) as has_early_sepsis,
        coalesce(
            readings.sofa_at_other_lab_key <= {{ add_hours('stays.icu_admitted_at', var('sepsis_onset_max_h')) }}, false
        ) as has_early_sepsis_other_lab_key,
        coalesce(
            readings.sofa_at_other_screening <= {{ add_hours('stays.icu_admitted_at', var('sepsis_onset_max_h')) }}, false
        ) as has_early_sepsis_other_screening,
        coalesce(
            readings.sofa_at_other_antibiotics <= {{ add_hours('stays.icu_admitted_at', var('sepsis_onset_max_h')) }}, false
        ) as has_early_sepsis_other_antibiotics
    from stays
    left join labs
        on stays.stay_id = labs.stay_id
    left join sofa
        on stays.stay_id = sofa.stay_id
    left join sepsis3
        on stays.stay_id = sepsis3.stay_id
    left join readings
        on stays.stay_id = readings.stay_id

),

points as (

    select
        measured.*,
        {{ sic_platelets('platelets_min') }} as platelets_points,
        {{ sic_inr('inr_max') }} as inr_points,
        {{ sic_sofa('sofa_four') }} as sofa_four_points,
        {{ sic_sofa('sofa_total') }} as sofa_total_points
    from measured

),

scored as (

    select
        points.*,
        platelets_points + inr_points + sofa_four_points as sic_score_four,
        platelets_points + inr_points + sofa_total_points as sic_score_total,
        platelets_points + inr_points > {{ var('sic_strict_platelet_inr_above') }} as is_strict
    from points

),

final as (

    select
        stay_id,
        platelets_min,
        inr_max,
        sofa_four,
        sofa_total,
        platelets_points,
        inr_points,
        sofa_{{ var('sic_sofa') }}_points as sofa_points,
        sic_score_{{ var('sic_sofa') }} as sic_score,
        sic_score_four,
        sic_score_total,
        has_early_sepsis,
        has_early_sepsis and sic_score_four >= {{ var('sic_min_score') }} as is_sic_paper,
        has_early_sepsis and sic_score_total >= {{ var('sic_min_score') }} as is_sic_total,
        has_early_sepsis and sic_score_four >= {{ var('sic_min_score') }} and is_strict as is_sic_strict,
        has_early_sepsis and sic_score_total >= {{ var('sic_min_score') }} and is_strict as is_sic_strict_total,
        has_early_sepsis and {{ is_coagulopathy }} as is_sic,
        {{ by_admission }} and {{ is_coagulopathy }} as is_sic_labs_by_admission,
        {{ by_patient }} and {{ is_coagulopathy }} as is_sic_labs_by_patient,
        {{ counted }} and {{ is_coagulopathy }} as is_sic_screening_counted,
        {{ ignored }} and {{ is_coagulopathy }} as is_sic_screening_ignored,
        {{ by_mimic_code }} and {{ is_coagulopathy }} as is_sic_antibiotics_mimic_code,
        {{ by_extended }} and {{ is_coagulopathy }} as is_sic_antibiotics_extended
    from scored

)

select * from final
