{{ config(enabled=var('zigong')) }}

/*
Grain       one row per diagnosis
Definition  dticd, renamed; hours count from hospital admission
Source      zigong.dticd
*/
select
    patient_id,
    {{ lower_case(trimmed('status_discharge')) }} as discharge_status
from {{ source('zigong', 'dticd') }}
