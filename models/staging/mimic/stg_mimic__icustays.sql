/*
Grain       one row per ICU stay
Definition  icustays, renamed
Source      mimiciv_icu.icustays
*/
select
    stay_id,
    subject_id,
    hadm_id,
    first_careunit,
    intime as icu_admitted_at,
    outtime as icu_discharged_at
from {{ source('mimic_icu', 'icustays') }}
