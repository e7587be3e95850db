/*
Grain       one row per ICU stay of the patient and arterial blood gas with a PaO2/FiO2 ratio
Definition  the ratio and whether the stay was invasively ventilated at that time
Source      mimic-code sofa
Deviation   none: a gas is read by patient, so that one from before the stay is there for the score's lead hours
*/
with

stays as (

    select
        stay_id,
        subject_id
    from {{ ref('int_icu_stay') }}

),

gases as (

    select * from {{ ref('int_blood_gas') }}
    where
        {{ same_text('specimen', text_literal(var('blood_gas_arterial_text'))) }}
        and pao2fio2_mmhg is not null

),

ventilated as (

    select * from {{ ref('int_ventilation') }}
    where status = 'InvasiveVent'

),

final as (

    select
        stays.stay_id,
        gases.specimen_id,
        gases.measured_at,
        gases.pao2fio2_mmhg,
        max(case when ventilated.stay_id is not null then 1 else 0 end) as is_ventilated,
        -- SAPS II does not count the first minute of an episode
        max(case when gases.measured_at > ventilated.started_at then 1 else 0 end) as is_ventilated_before
    from stays
    inner join gases
        on stays.subject_id = gases.subject_id
    left join ventilated
        on
            stays.stay_id = ventilated.stay_id
            and gases.measured_at >= ventilated.started_at
            and gases.measured_at <= ventilated.ended_at
    group by stays.stay_id, gases.specimen_id, gases.measured_at, gases.pao2fio2_mmhg

)

select * from final
