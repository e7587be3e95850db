/*
Grain       one row per hospital admission
Definition  admissions, renamed
Source      mimiciv_hosp.admissions
*/
select
    hadm_id,
    subject_id,
    admittime as hospital_admitted_at,
    dischtime as hospital_discharged_at,
    deathtime as hospital_died_at,
    admission_type,
    race,
    cast(coalesce(hospital_expire_flag, 0) as integer) = 1 as died_hospital
from {{ source('mimic_hosp', 'admissions') }}
