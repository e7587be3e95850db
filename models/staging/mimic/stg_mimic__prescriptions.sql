/*
Grain       one row per prescribed drug or component
Definition  prescriptions, renamed
Source      mimiciv_hosp.prescriptions
*/
select
    subject_id,
    hadm_id,
    drug_type,
    drug,
    route,
    starttime as started_at,
    stoptime as stopped_at
from {{ source('mimic_hosp', 'prescriptions') }}
