/*
Grain       one row per organism and antibiotic tested, or one row for a culture without growth
Definition  microbiologyevents, renamed
Source      mimiciv_hosp.microbiologyevents
*/
-- depends_on: {{ ref('stg_mimic__admissions') }} (the unit of the exposure is looked at first, before a test reads this)
select
    micro_specimen_id,
    subject_id,
    hadm_id,
    cast(chartdate as date) as cultured_on,
    charttime as cultured_at,
    spec_type_desc as specimen,
    org_itemid,
    org_name
from {{ source('mimic_hosp', 'microbiologyevents') }}
