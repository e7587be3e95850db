{{ config(materialized='view') }}

/*
Grain       one row per prescription of a systemic antibiotic (and per ICU stay that it starts in)
Definition  the antibiotic with the ICU stay during which it starts, if any; numbered within the patient, those of the
            list in force first. One that is only in the list beside it (is_listed false) makes no suspicion but there
Source      mimic-code antibiotic, suspicion_of_infection
*/
with

prescriptions as (

    select * from {{ ref('int_prescription') }}
    where (is_antibiotic or is_antibiotic_otherwise) and fault is null

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

final as (

    select
        prescriptions.subject_id,
        prescriptions.hadm_id,
        stays.stay_id,
        prescriptions.drug as antibiotic,
        prescriptions.route,
        prescriptions.started_at,
        prescriptions.stopped_at,
        prescriptions.is_antibiotic as is_listed,
        prescriptions.is_antibiotic_otherwise as is_listed_otherwise,
        row_number() over (
            partition by prescriptions.subject_id
            order by
                case when prescriptions.is_antibiotic then 0 else 1 end,
                prescriptions.started_at nulls first, prescriptions.stopped_at nulls first,
                {{ byte_order('prescriptions.drug') }} nulls first, prescriptions.hadm_id nulls first,
                stays.stay_id nulls first, {{ byte_order('prescriptions.route') }}
        ) as antibiotic_seq
    from prescriptions
    left join stays
        on
            prescriptions.hadm_id = stays.hadm_id
            -- an antibiotic belongs to a stay only when it starts in it
            and prescriptions.started_at >= stays.icu_admitted_at
            and prescriptions.started_at < stays.icu_discharged_at

)

select * from final
