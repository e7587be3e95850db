/*
Grain       one row per charted output
Definition  outputevents, renamed
Source      mimiciv_icu.outputevents
*/
select
    subject_id,
    stay_id,
    itemid,
    charttime as measured_at,
    value as volume_ml,
    storetime as stored_at
from {{ source('mimic_icu', 'outputevents') }}
