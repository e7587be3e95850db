/*
Grain       one row per laboratory result
Definition  labevents, renamed; values as charted
Source      mimiciv_hosp.labevents
*/
-- depends_on: {{ ref('stg_mimic__admissions') }} (the unit of the exposure is looked at first, before a test reads this)
select
    subject_id,
    hadm_id,
    specimen_id,
    itemid,
    charttime as measured_at,
    valuenum as value,
    valueuom as unit,
    value as value_text,
    storetime as stored_at
from {{ source('mimic_hosp', 'labevents') }}
