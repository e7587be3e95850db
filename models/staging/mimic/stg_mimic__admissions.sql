{{ config(pre_hook="{{ refuse_rate_units() }}") }}

/*
Grain       one row per hospital admission
Definition  admissions, renamed. The big tables but inputevents wait for it, so that it is here that the unit of the
            exposure is looked at first
Source      mimiciv_hosp.admissions
*/
-- depends_on: {{ ref('rate_unit') }}, {{ ref('infusion_item') }}, {{ ref('stg_mimic__inputevents') }}
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
