/*
Grain       one row per patient
Definition  patients, renamed
Source      mimiciv_hosp.patients
*/
select
    subject_id,
    gender as sex,
    anchor_age,
    anchor_year,
    anchor_year_group,
    dod as died_on
from {{ source('mimic_hosp', 'patients') }}
