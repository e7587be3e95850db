{{ config(enabled=var('zigong')) }}

/*
Grain       one row per line of the nursing chart
Definition  dtnursingchart, renamed; hours count from hospital admission
Source      zigong.dtnursingchart
*/
select
    inp_no as admission_id,
    charttime as charted_h,
    heart_rate,
    map,
    invasive_sbp as sbp_invasive,
    invasive_diastolic_blood_pressure as dbp_invasive,
    blood_pressure_high as sbp_cuff,
    blood_pressure_low as dbp_cuff,
    {{ adapter.quote("open_one's_eyes") }} as gcs_eyes,
    motion as gcs_motor,
    language as gcs_verbal
from {{ source('zigong', 'dtnursingchart') }}
