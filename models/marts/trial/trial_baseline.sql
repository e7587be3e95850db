/*
Grain       one row per stay of the trial
Definition  the characteristics of Table 1 and what else drives the choice of sedation, as known at time zero
Source      docs/DECISIONS.md, trial
Deviation   comorbidities are the codes of the admission, as in baseline. SAPS II is of the whole first day and not here
*/
with

zero as (

    select * from {{ ref('int_trial_state') }}
    where k = 0

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

baseline as (

    select * from {{ ref('baseline') }}

),

hours as (

    select * from {{ ref('sic_hourly') }}

),

urine as (

    select
        zero.stay_id,
        {{ exact_sum('urine.urine_ml') }} as urine_ml
    from zero
    inner join {{ ref('int_urine_output') }} as urine
        on
            zero.stay_id = urine.stay_id
            and urine.measured_at >= {{ add_hours('zero.decided_at', -1 * var('trial_recent_h')) }}
            and urine.known_at <= zero.decided_at
            and urine.known_at <= {{ add_hours('urine.measured_at', var('trial_known_within_h')) }}
    group by zero.stay_id

),

renal_replacement as (

    select
        started_at,
        ended_at,
        stay_id
    from {{ ref('int_procedure_row') }}
    where concept = 'crrt' and fault is null

    union all

    select
        {{ later_of('measured_at', 'stored_at') }} as started_at,
        {{ later_of('measured_at', 'stored_at') }} as ended_at,
        stay_id
    from {{ ref('int_chart_value') }}
    where concept = 'crrt_mode'

),

renally_replaced as (

    select distinct zero.stay_id
    from zero
    inner join renal_replacement
        on
            zero.stay_id = renal_replacement.stay_id
            and renal_replacement.started_at <= zero.decided_at
            and renal_replacement.ended_at > {{ add_hours('zero.decided_at', -1 * var('trial_recent_h')) }}

),

final as (

    select
        zero.stay_id,
        zero.decided_at as time_zero_at,
        stays.age_years,
        baseline.is_female,
        stays.ethnicity,
        stays.admission_type,
        stays.first_careunit as care_unit,
        stays.year_group,
        zero.weight_kg,
        zero.hours_since_icu,
        zero.sofa_24h as sofa_score,
        hours.sic_score,
        zero.is_ventilated as ventilation,
        zero.has_vasopressor as vasopressor,
        zero.has_vasopressin as vasopressin,
        renally_replaced.stay_id is not null as crrt,
        zero.propofol_mcg_kg_min > 0 as propofol,
        zero.midazolam_mg_h > 0 as midazolam,
        zero.fentanyl_mcg_h > 0 as fentanyl,
        zero.code_status,
        baseline.hypertension,
        baseline.congestive_heart_failure,
        baseline.copd,
        baseline.rheumatic_disease,
        baseline.liver_disease,
        baseline.diabetes,
        baseline.renal_disease,
        baseline.tumor,
        {% if var('urine_negative') == 'zero' -%}
        case when urine.urine_ml < 0 then 0 else urine.urine_ml end as urine_output_ml,
        {%- else -%}
        urine.urine_ml as urine_output_ml,
        {%- endif %}
        zero.norepinephrine_equivalent_mcg_kg_min,
        zero.rass,
        zero.gcs,
        zero.pao2fio2_mmhg,
        zero.lactate_mmol_l,
        zero.heart_rate_bpm,
        zero.map_mmhg,
        zero.resp_rate_bpm,
        zero.spo2_pct,
        zero.hematocrit_pct,
        zero.hemoglobin_g_dl,
        zero.platelets_k_ul,
        zero.wbc_k_ul,
        zero.anion_gap_meq_l,
        zero.bicarbonate_meq_l,
        zero.bun_mg_dl,
        zero.creatinine_mg_dl,
        zero.sodium_meq_l,
        zero.potassium_meq_l,
        zero.inr_ratio,
        zero.pt_sec,
        zero.glucose_mg_dl
    from zero
    inner join stays
        on zero.stay_id = stays.stay_id
    inner join baseline
        on zero.stay_id = baseline.stay_id
    inner join hours
        on zero.stay_id = hours.stay_id and zero.decided_at = hours.hour_at
    left join urine
        on zero.stay_id = urine.stay_id
    left join renally_replaced
        on zero.stay_id = renally_replaced.stay_id

)

select * from final
