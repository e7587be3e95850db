/*
Grain       one row per prescribed drug or component
Definition  prescriptions, renamed
Source      mimiciv_hosp.prescriptions
*/
-- depends_on: {{ ref('stg_mimic__admissions') }} (the unit of the exposure is looked at first, before a test reads this)
select
    subject_id,
    hadm_id,
    drug_type,
    drug,
    route,
    starttime as started_at,
    stoptime as stopped_at
from {{ source('mimic_hosp', 'prescriptions') }}
