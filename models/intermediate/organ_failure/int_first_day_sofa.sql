/*
Grain       one row per ICU stay
Definition  SOFA from the worst measurements of the first-day window; a missing organ counts 0
Source      mimic-code first_day_sofa
Deviation   none by default (var sofa_first_day_ventilated). Pressors count by the rate of rows that start in the window
*/
with

infusions as (

    select * from {{ ref('int_vasoactive_infusion') }}

),

arterial_ratio as (

    select * from {{ ref('int_arterial_ratio') }}

),

labs as (

    select * from {{ ref('int_first_day_lab') }}

),

vitals as (

    select * from {{ ref('int_first_day_vital') }}

),

gcs as (

    select * from {{ ref('int_first_day_gcs') }}

),

urine as (

    select * from {{ ref('int_first_day_urine') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

rates as (

    select
        stays.stay_id,
        max(case when infusions.drug = 'dopamine' then infusions.rate end) as dopamine_max,
        max(case when infusions.drug = 'epinephrine' then infusions.rate end) as epinephrine_max,
        max(case when infusions.drug = 'norepinephrine' then infusions.rate end) as norepinephrine_max,
        max(case when infusions.drug = 'dobutamine' then infusions.rate end) as dobutamine_max
    from stays
    inner join infusions
        on
            stays.stay_id = infusions.stay_id
            and {{ within_first_day('infusions.started_at', 'stays.icu_admitted_at') }}
    group by stays.stay_id

),

ratios as (

    select
        stays.stay_id,
        min(case when ratios.is_ventilated = 0 then ratios.pao2fio2_mmhg end) as pao2fio2_not_ventilated,
        min(case when ratios.is_ventilated = 1 then ratios.pao2fio2_mmhg end) as pao2fio2_ventilated
    from stays
    inner join arterial_ratio as ratios
        on
            stays.stay_id = ratios.stay_id
            and {{ within_first_day('ratios.measured_at', 'stays.icu_admitted_at') }}
    group by stays.stay_id

),

points as (

    select
        stays.stay_id,
        {{ sofa_respiration(
            'ratios.pao2fio2_ventilated', 'ratios.pao2fio2_not_ventilated', var('sofa_first_day_ventilated')
        ) }} as respiration,
        {{ sofa_coagulation('labs.platelets_min') }} as coagulation,
        {{ sofa_liver('labs.bilirubin_max') }} as liver,
        {{ sofa_cardiovascular(
            'vitals.map_min', 'rates.dopamine_max', 'rates.epinephrine_max', 'rates.norepinephrine_max', 'rates.dobutamine_max'
        ) }} as cardiovascular,
        {{ sofa_cns('gcs.gcs_min') }} as cns,
        {{ sofa_renal('labs.creatinine_max', 'urine.urine_ml') }} as renal
    from stays
    left join rates
        on stays.stay_id = rates.stay_id
    left join ratios
        on stays.stay_id = ratios.stay_id
    left join labs
        on stays.stay_id = labs.stay_id
    left join vitals
        on stays.stay_id = vitals.stay_id
    left join gcs
        on stays.stay_id = gcs.stay_id
    left join urine
        on stays.stay_id = urine.stay_id

),

final as (

    select
        stay_id,
        respiration,
        coagulation,
        liver,
        cardiovascular,
        cns,
        renal,
        coalesce(respiration, 0) + coalesce(coagulation, 0) + coalesce(liver, 0)
        + coalesce(cardiovascular, 0) + coalesce(cns, 0) + coalesce(renal, 0) as sofa_total,
        coalesce(respiration, 0) + coalesce(liver, 0) + coalesce(cardiovascular, 0) + coalesce(renal, 0) as sofa_four
    from points

)

select * from final
