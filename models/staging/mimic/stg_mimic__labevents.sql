/*
Grain       one row per laboratory result
Definition  labevents, renamed; values as charted
Source      mimiciv_hosp.labevents
*/
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
