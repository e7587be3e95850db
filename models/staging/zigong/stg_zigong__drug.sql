{{ config(enabled=var('zigong')) }}

/*
Grain       one row per order of a drug; neither dose nor route nor end, and not whether it was given
Definition  dtdrugs, renamed; hours count from hospital admission
Source      zigong.dtdrugs
*/
select
    patient_id,
    drugname as drug_name,
    drug_time as ordered_h
from {{ source('zigong', 'dtdrugs') }}
