/*
Grain       one row per procedure of an ICU stay
Definition  procedureevents, renamed
Source      mimiciv_icu.procedureevents
*/
select
    subject_id,
    stay_id,
    itemid,
    starttime as started_at,
    endtime as ended_at
from {{ source('mimic_icu', 'procedureevents') }}
