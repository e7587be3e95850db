/*
Grain       one row per charted observation
Definition  chartevents, renamed; values as charted
Source      mimiciv_icu.chartevents
*/
-- depends_on: {{ ref('stg_mimic__admissions') }} (the unit of the exposure is looked at first, before a test reads this)
select
    subject_id,
    stay_id,
    itemid,
    charttime as measured_at,
    storetime as stored_at,
    valuenum as value,
    valueuom as unit,
    value as value_text
from {{ source('mimic_icu', 'chartevents') }}
