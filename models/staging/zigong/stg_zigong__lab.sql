{{ config(enabled=var('zigong')) }}

/*
Grain       one row per laboratory result
Definition  dtlab, renamed; hours count from hospital admission
Source      zigong.dtlab
*/
select
    inp_no as admission_id,
    labtime as measured_h,
    item,
    labvalue as value_text,
    unit
from {{ source('zigong', 'dtlab') }}
