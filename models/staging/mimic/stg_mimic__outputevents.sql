/*
Grain       one row per charted output
Definition  outputevents, renamed
Source      mimiciv_icu.outputevents
*/
-- depends_on: {{ ref('stg_mimic__admissions') }} (the unit of the exposure is looked at first, before a test reads this)
select
    subject_id,
    stay_id,
    itemid,
    charttime as measured_at,
    value as volume_ml,
    storetime as stored_at
from {{ source('mimic_icu', 'outputevents') }}
