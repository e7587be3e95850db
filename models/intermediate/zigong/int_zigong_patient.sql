{{ config(enabled=var('zigong')) }}

/*
Grain       one row per patient; every patient, included or not
Definition  scores, exposure, covariates and outcomes, and a column per rule that leaves a patient out (section 2.6 of the
            paper). SOFA of the organs that the data tell about: coagulation, liver, circulation (from orders, which have
            no dose: the least that the drug scores), kidney (creatinine); with var zigong_nursing also mean pressure and
            coma. Missing = 0. For SIC: liver, circulation and kidney
Source      thresholds of the main study (sofa_*, sic_* vars)
Deviation   respiration is not scored: FiO2 cannot be used there. Every patient is infected, so that no Sepsis-3 is asked
*/
with

orders as (

    select * from {{ ref('int_zigong_order') }}

),

stays as (

    select * from {{ ref('int_zigong_stay') }}

),

first_day as (

    select * from {{ ref('int_zigong_first_day') }}

),

ordered as (

    select
        stays.patient_id,
        max(case when orders.drug = '{{ var("exposure_drug") }}' then 1 else 0 end) as exposure,
        max(case when orders.drug in ({{ text_literals(var('zigong_heparin')) }}) then 1 else 0 end) as heparin
    from stays
    inner join orders
        on
            stays.patient_id = orders.patient_id
            and orders.ordered_h >= stays.icu_start_h
    group by stays.patient_id

),

organs as (

    select
        first_day.*,
        coalesce({{ sofa_coagulation('platelets_min') }}, 0) as coagulation,
        coalesce({{ sofa_liver('bilirubin_max') }}, 0) as liver,
        coalesce(vasopressor_sofa_points, case
            {{- points_when('map_min', '<', var('sofa_map_below_mmhg')) }}
        end, 0) as cardiovascular,
        coalesce({{ sofa_cns('gcs_min') }}, 0) as cns,
        coalesce({{ sofa_renal('creatinine_max', 'null') }}, 0) as renal,
        {{ sic_platelets('platelets_min') }} as platelets_points,
        {{ sic_inr('inr_max') }} as inr_points
    from first_day

),

scored as (

    select
        organs.*,
        coagulation + liver + cardiovascular + cns + renal as sofa_score,
        {{ sic_sofa('liver + cardiovascular + renal') }} as sofa_points
    from organs

),

judged as (

    select
        scored.*,
        platelets_points + inr_points + sofa_points as sic_score,
        platelets_points + inr_points > {{ var('sic_strict_platelet_inr_above') }} as is_strict
    from scored

),

timed as (

    select
        patient_id,
        (died_h - icu_start_h) / 24 as death_days,
        coalesce((seen_until_h - icu_start_h) / 24, 0) as seen_days
    from stays

),

followed as (

    select
        patient_id,
        death_days,
        seen_days,
        coalesce(death_days <= {{ var('death_horizon_days') }}, false) as died_28d
    from timed

),

final as (

    select
        stays.patient_id as stay_id,
        stays.age_years,
        stays.is_female,
        stays.icu_start_h,
        stays.icu_stay_h,
        stays.icu_start_h is null as has_no_icu_stay,
        coalesce(stays.age_years < {{ var('age_min_years') }}, true) as is_minor,
        coalesce(stays.icu_stay_h < {{ var('icu_stay_min_h') }}, true) as is_short_stay,
        coalesce(ordered.heparin, 0) = 1 as has_heparin,
        coalesce(
            judged.sic_score >= {{ var('sic_min_score') }}{{ ' and judged.is_strict' if var('sic_rule') == 'strict' }}, false
        ) as is_sic,
        coalesce(judged.sic_score, 0) as sic_score,
        coalesce(judged.sofa_score, 0) as sofa_score,
        coalesce(ordered.exposure, 0) = 1 as treated,
        coalesce(judged.propofol_24h, false) as propofol_24h,
        coalesce(judged.midazolam_24h, false) as midazolam_24h,
        coalesce(judged.sufentanil_24h, false) as sufentanil_24h,
        coalesce(judged.remifentanil_24h, false) as remifentanil_24h,
        coalesce(judged.fentanyl_24h, false) as fentanyl_24h,
        coalesce(judged.vasopressor_24h, false) as vasopressor_24h,
        judged.heart_rate_mean as heart_rate_bpm,
        judged.map_mean as map_mmhg,
        judged.platelets_min as platelets_k_ul,
        judged.inr_min as inr_ratio,
        judged.pt_min as pt_sec,
        judged.bilirubin_min as bilirubin_mg_dl,
        judged.creatinine_min as creatinine_mg_dl,
        judged.bun_min as bun_mg_dl,
        judged.albumin_min as albumin_g_dl,
        judged.lactate_min as lactate_mmol_l,
        judged.wbc_min as wbc_k_ul,
        judged.hemoglobin_min as hemoglobin_g_dl,
        judged.inr_max,
        judged.bilirubin_max,
        judged.creatinine_max,
        followed.died_28d,
        cast(case
            when followed.died_28d then {{ greatest_of(0, 'followed.death_days') }}
            when followed.death_days is not null then {{ var('death_horizon_days') }}
            else {{ least_of(var('death_horizon_days'), greatest_of(0, 'followed.seen_days')) }}
        end as {{ double() }}) as followup_28d_days,
        stays.died_hospital,
        stays.hospital_end_h / 24 as hospital_days,
        stays.icu_stay_h / 24 as icu_days
    from stays
    inner join followed
        on stays.patient_id = followed.patient_id
    left join judged
        on stays.patient_id = judged.patient_id
    left join ordered
        on stays.patient_id = ordered.patient_id

)

select * from final
