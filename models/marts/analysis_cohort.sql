/*
Grain       one row per eligible ICU stay, which is one per patient
Definition  everything that the statistics need: treatment, the characteristics of Table 1, the outcomes, dose and
            duration
Source      section 2 of Huang 2024
*/
with

eligible as (

    select * from {{ ref('cohort_eligibility') }}
    where is_eligible

),

baseline as (

    select * from {{ ref('baseline') }}

),

outcomes as (

    select * from {{ ref('outcomes') }}

),

exposure as (

    select * from {{ ref('exposure') }}

),

final as (

    select
        eligible.stay_id,
        eligible.subject_id,
        eligible.hadm_id,
        eligible.treated,
        baseline.age_years,
        baseline.is_female,
        baseline.ethnicity,
        baseline.weight_kg,
        baseline.urine_output_ml,
        baseline.sofa_score,
        baseline.sapsii_score,
        baseline.sic_score,
        baseline.ventilation_24h,
        baseline.vasopressor_24h,
        baseline.vasopressin_24h,
        baseline.crrt_24h,
        baseline.propofol_24h,
        baseline.midazolam_24h,
        baseline.fentanyl_24h,
        baseline.hypertension,
        baseline.congestive_heart_failure,
        baseline.copd,
        baseline.rheumatic_disease,
        baseline.liver_disease,
        baseline.diabetes,
        baseline.renal_disease,
        baseline.tumor,
        baseline.heart_rate_bpm,
        baseline.map_mmhg,
        baseline.resp_rate_bpm,
        baseline.spo2_pct,
        baseline.hematocrit_pct,
        baseline.hemoglobin_g_dl,
        baseline.platelets_k_ul,
        baseline.wbc_k_ul,
        baseline.anion_gap_meq_l,
        baseline.bicarbonate_meq_l,
        baseline.bun_mg_dl,
        baseline.creatinine_mg_dl,
        baseline.sodium_meq_l,
        baseline.potassium_meq_l,
        baseline.inr_ratio,
        baseline.pt_sec,
        baseline.glucose_mg_dl,
        outcomes.died_28d_hospital,
        outcomes.followup_28d_days,
        outcomes.died_hospital,
        outcomes.ventilation_h,
        outcomes.vasopressor_h,
        outcomes.hospital_days,
        outcomes.icu_days,
        exposure.start_offset_h as exposure_start_offset_h,
        exposure.duration_h as exposure_duration_h,
        exposure.mean_rate_48h as exposure_mean_rate_48h
    from eligible
    inner join baseline
        on eligible.stay_id = baseline.stay_id
    inner join outcomes
        on eligible.stay_id = outcomes.stay_id
    left join exposure
        on eligible.stay_id = exposure.stay_id

)

select * from final
