/*
Grain       one row per stretch of an infusion at one rate, or per bolus
Definition  inputevents, renamed
Source      mimiciv_icu.inputevents
*/
select
    subject_id,
    stay_id,
    itemid,
    orderid,
    starttime as started_at,
    endtime as ended_at,
    rate,
    rateuom as rate_unit,
    amount,
    amountuom as amount_unit,
    patientweight as weight_kg
from {{ source('mimic_icu', 'inputevents') }}
