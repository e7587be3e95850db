{{ config(enabled=var('zigong')) }}

/*
Grain       one row per patient of the external cohort
Definition  whom no rule of zigong_flow leaves out: the relaxed rules of section 2.6 of the paper
Source      int_zigong_patient, where every patient and every rule stands
*/
with

patients as (

    select * from {{ ref('int_zigong_patient') }}

),

final as (

    select
        stay_id,
        treated,
        age_years,
        is_female,
        propofol_24h,
        midazolam_24h,
        sufentanil_24h,
        remifentanil_24h,
        fentanyl_24h,
        vasopressor_24h,
        heart_rate_bpm,
        map_mmhg,
        platelets_k_ul,
        inr_ratio,
        pt_sec,
        bilirubin_mg_dl,
        creatinine_mg_dl,
        bun_mg_dl,
        albumin_g_dl,
        lactate_mmol_l,
        wbc_k_ul,
        hemoglobin_g_dl,
        sofa_score,
        sic_score,
        died_28d,
        followup_28d_days,
        died_hospital,
        hospital_days,
        icu_days
    from patients
    where
        not has_no_icu_stay
        and not is_minor
        and not is_short_stay
        and not has_heparin
        and is_sic

)

select * from final
