/*
Grain       one row per ICU stay, specimen and concept in the first-day window
Definition  laboratory values of the patient around ICU admission; read by patient, as mimic-code does, so that stays
            close to each other share them. lab_key: patient leaves out those of another admission
Source      mimic-code first_day_lab
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

labs as (

    select * from {{ ref('int_lab_value') }}

),

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

final as (

    select
        stays.stay_id,
        labs.specimen_id,
        labs.concept,
        stays.icu_admitted_at,
        max(labs.measured_at) as measured_at,
        -- of several results of one kind the specimen's highest counts
        max(labs.value) as value
    from stays
    inner join labs
        on
            stays.subject_id = labs.subject_id
            and {{ within_first_day('labs.measured_at', 'stays.icu_admitted_at') }}
    left join bounds
        on stays.stay_id = bounds.stay_id
    where
        labs.value is not null
        and ('{{ var('lab_key') }}' = 'admission' or {{ is_within_admission('labs.measured_at') }})
    group by stays.stay_id, labs.specimen_id, labs.concept, stays.icu_admitted_at

)

select * from final
