{{ config(enabled=var('zigong')) }}

/*
Grain       one row per stay in a department
Definition  dttransfer, renamed; hours count from hospital admission
Source      zigong.dttransfer
*/
select
    patient_id,
    starttime as started_h,
    stoptime as ended_h,
    transferdept as department
from {{ source('zigong', 'dttransfer') }}
