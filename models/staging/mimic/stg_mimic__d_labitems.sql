/*
Grain       one row per laboratory item number
Definition  d_labitems, renamed
Source      mimiciv_hosp.d_labitems
*/
select
    itemid,
    label,
    fluid
from {{ source('mimic_hosp', 'd_labitems') }}
