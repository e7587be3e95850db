/*
Grain       one row per ICU stay, as baseline
Definition  what drives the choice of sedation and prognosis and Table 1 does not have: where, when and how admitted; worst
            lactate, PaO2/FiO2, GCS and code status of the first-day window, its middle RASS; the highest norepinephrine
            equivalent of the first first_day_intervention_h
Source      docs/DECISIONS.md, extended adjustment; the trial has the same covariates at time zero
Deviation   NULL = not measured; no vasopressor is 0, no code status that a list knows is full
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

code_statuses as (

    select * from {{ ref('code_status') }}

),

pressors as (

    select * from {{ ref('int_first_day_norepinephrine') }}

),

sedation as (

    select * from {{ ref('int_first_day_rass') }}

),

coma as (

    select * from {{ ref('int_first_day_gcs') }}

),

gases as (

    select * from {{ ref('int_arterial_ratio') }}

),

charted as (

    select * from {{ ref('int_chart_value') }}
    where concept = 'code_status'

),

lactates as (

    select
        stay_id,
        max(value) as lactate_mmol_l
    from {{ ref('int_first_day_lab_row') }}
    where concept = 'lactate'
    group by stay_id

),

ratios as (

    select
        stays.stay_id,
        min(gases.pao2fio2_mmhg) as pao2fio2_mmhg
    from stays
    inner join gases
        on
            stays.stay_id = gases.stay_id
            and {{ within_first_day('gases.measured_at', 'stays.icu_admitted_at') }}
    group by stays.stay_id

),

limited as (

    select
        stays.stay_id,
        max(code_statuses.limitation) as limitation
    from stays
    inner join charted
        on
            stays.stay_id = charted.stay_id
            and {{ within_first_day('charted.measured_at', 'stays.icu_admitted_at') }}
    inner join code_statuses
        on {{ same_text('charted.value_text', 'code_statuses.value_text') }}
    group by stays.stay_id

),

limitations as (

    select distinct
        limitation,
        status
    from code_statuses

),

final as (

    select
        stays.stay_id,
        stays.admission_type,
        stays.first_careunit as care_unit,
        stays.year_group,
        limitations.status as code_status,
        coalesce(pressors.norepinephrine_equivalent_max, 0) as norepinephrine_equivalent_mcg_kg_min,
        sedation.rass_median as rass,
        cast(coma.gcs_min as {{ double() }}) as gcs,
        ratios.pao2fio2_mmhg,
        lactates.lactate_mmol_l
    from stays
    left join pressors
        on stays.stay_id = pressors.stay_id
    left join sedation
        on stays.stay_id = sedation.stay_id
    left join coma
        on stays.stay_id = coma.stay_id
    left join ratios
        on stays.stay_id = ratios.stay_id
    left join lactates
        on stays.stay_id = lactates.stay_id
    left join limited
        on stays.stay_id = limited.stay_id
    left join limitations
        on coalesce(limited.limitation, 0) = limitations.limitation

)

select * from final
