{{ config(enabled=var('zigong')) }}

/*
Grain       one row per patient, who has one admission
Definition  dtbaseline, renamed; hours count from hospital admission
Source      zigong.dtbaseline
*/
select
    patient_id,
    inp_no as admission_id,
    age as age_years,
    {{ lower_case(trimmed('sex')) }} as sex,
    icu_discharge_time as icu_end_h,
    discharge_date_time as hospital_end_h
from {{ source('zigong', 'dtbaseline') }}
