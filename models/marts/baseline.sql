/*
Grain       one row per ICU stay
Definition  the characteristics of Table 1: lowest laboratory values, mean vital signs and glucose of the first-day
            window; urine and interventions of the first 24 h; comorbidities of the admission
Source      Table 1 of Huang 2024; docs/DECISIONS.md, baseline values
Deviation   NULL = not measured; an intervention or comorbidity without a record is false
*/
with

runs as (

    select * from {{ ref('int_ventilation_run') }}

),

weights as (

    select * from {{ ref('int_first_day_weight') }}

),

urine as (

    select * from {{ ref('int_first_day_urine') }}

),

sic_score as (

    select * from {{ ref('sic_score') }}

),

saps2 as (

    select * from {{ ref('int_saps2') }}

),

drugs as (

    select * from {{ ref('int_first_day_drug') }}

),

crrt as (

    select * from {{ ref('int_crrt') }}

),

comorbidities as (

    select * from {{ ref('int_comorbidity') }}

),

vitals as (

    select * from {{ ref('int_first_day_vital') }}

),

labs as (

    select * from {{ ref('int_first_day_lab') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

ventilated as (

    select distinct stays.stay_id
    from stays
    inner join runs
        on
            stays.stay_id = runs.stay_id
            and runs.ended_at >= stays.icu_admitted_at
            and runs.started_at <= {{ add_hours('stays.icu_admitted_at', var('first_day_intervention_h')) }}

),

final as (

    select
        stays.stay_id,
        stays.age_years,
        {{ same_text('stays.sex', text_literal('F')) }} as is_female,
        stays.ethnicity,
        weights.weight_kg,
        urine.urine_ml as urine_output_ml,
        sic_score.sofa_total as sofa_score,
        saps2.saps2 as sapsii_score,
        sic_score.sic_score,
        ventilated.stay_id is not null as ventilation_24h,
        coalesce(drugs.vasopressor_24h, false) as vasopressor_24h,
        coalesce(drugs.vasopressin_24h, false) as vasopressin_24h,
        crrt.stay_id is not null as crrt_24h,
        coalesce(drugs.propofol_24h, false) as propofol_24h,
        coalesce(drugs.midazolam_24h, false) as midazolam_24h,
        coalesce(drugs.fentanyl_24h, false) as fentanyl_24h,
        coalesce(comorbidities.hypertension, 0) = 1 as hypertension,
        coalesce(comorbidities.congestive_heart_failure, 0) = 1 as congestive_heart_failure,
        coalesce(comorbidities.copd, 0) = 1 as copd,
        coalesce(comorbidities.rheumatic_disease, 0) = 1 as rheumatic_disease,
        coalesce(comorbidities.mild_liver_disease, 0) + coalesce(comorbidities.severe_liver_disease, 0) > 0
            as liver_disease,
        coalesce(comorbidities.diabetes_uncomplicated, 0) + coalesce(comorbidities.diabetes_complicated, 0) > 0
            as diabetes,
        coalesce(comorbidities.renal_disease, 0) = 1 as renal_disease,
        coalesce(comorbidities.malignant_cancer, 0) + coalesce(comorbidities.metastatic_tumor, 0) > 0 as tumor,
        vitals.heart_rate_mean as heart_rate_bpm,
        vitals.map_mean as map_mmhg,
        vitals.resp_rate_mean as resp_rate_bpm,
        vitals.spo2_mean as spo2_pct,
        labs.hematocrit_min as hematocrit_pct,
        labs.hemoglobin_min as hemoglobin_g_dl,
        labs.platelets_min as platelets_k_ul,
        labs.wbc_min as wbc_k_ul,
        labs.anion_gap_min as anion_gap_meq_l,
        labs.bicarbonate_min as bicarbonate_meq_l,
        labs.bun_min as bun_mg_dl,
        labs.creatinine_min as creatinine_mg_dl,
        labs.sodium_min as sodium_meq_l,
        labs.potassium_min as potassium_meq_l,
        labs.inr_min as inr_ratio,
        labs.pt_min as pt_sec,
        vitals.glucose_mean as glucose_mg_dl
    from stays
    left join weights
        on stays.stay_id = weights.stay_id
    left join urine
        on stays.stay_id = urine.stay_id
    left join sic_score
        on stays.stay_id = sic_score.stay_id
    left join saps2
        on stays.stay_id = saps2.stay_id
    left join ventilated
        on stays.stay_id = ventilated.stay_id
    left join drugs
        on stays.stay_id = drugs.stay_id
    left join crrt
        on stays.stay_id = crrt.stay_id
    left join comorbidities
        on stays.hadm_id = comorbidities.hadm_id
    left join vitals
        on stays.stay_id = vitals.stay_id
    left join labs
        on stays.stay_id = labs.stay_id

)

select * from final
