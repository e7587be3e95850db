/*
Grain       one row per stay that an analysis may be about and outcome of its past that is true
Definition  old diseases coded in the stay's admission or an earlier one; how many admissions that began before it ended
            within control_prior_days before it
Source      seed negative_control_outcome; docs/DECISIONS.md, controls
Deviation   codes of the admission are given at discharge, of what was there before, as in int_comorbidity
*/
with

stays as (

    select * from {{ ref('int_control_stay') }}

),

admissions as (

    select * from {{ ref('stg_mimic__admissions') }}

),

diagnoses as (

    select distinct
        diagnoses.hadm_id,
        codes.outcome
    from {{ ref('stg_mimic__diagnoses_icd') }} as diagnoses
    inner join {{ ref('int_control_code') }} as codes
        on diagnoses.icd_version = codes.icd_version and diagnoses.icd_code = codes.icd_code

),

counts as (

    select * from {{ ref('negative_control_outcome') }}
    where kind = 'admission'

),

diseased as (

    select distinct
        stays.stay_id,
        diagnoses.outcome
    from stays
    inner join admissions
        on
            stays.subject_id = admissions.subject_id
            and (stays.hadm_id = admissions.hadm_id or admissions.hospital_admitted_at < stays.hospital_admitted_at)
    inner join diagnoses
        on admissions.hadm_id = diagnoses.hadm_id

),

earlier as (

    select
        stays.stay_id,
        count(*) as admission_count
    from stays
    inner join admissions
        on
            stays.subject_id = admissions.subject_id
            and stays.hadm_id <> admissions.hadm_id
            and admissions.hospital_admitted_at < stays.hospital_admitted_at
            and admissions.hospital_discharged_at
            >= {{ add_hours('stays.hospital_admitted_at', -24 * var('control_prior_days')) }}
    group by stays.stay_id

),

final as (

    select
        stay_id,
        outcome
    from diseased

    union all

    select
        earlier.stay_id,
        counts.outcome
    from earlier
    inner join counts
        on earlier.admission_count >= counts.threshold

)

select * from final
