{{ config(enabled=var('zigong')) }}

/*
Grain       one row per patient
Definition  dtoutcome, renamed; hours count from hospital admission
Source      zigong.dtoutcome
*/
select
    patient_id,
    follow_date as followed_until_h,
    {{ lower_case(trimmed('follow_vital')) }} as vital_status,
    death_date as died_h
from {{ source('zigong', 'dtoutcome') }}
