/*
Grain       one row per coded diagnosis of an admission
Definition  diagnoses_icd; the code's padding is cut off
Source      mimiciv_hosp.diagnoses_icd
*/
select
    hadm_id,
    seq_num,
    cast(icd_version as integer) as icd_version,
    {{ trimmed('icd_code') }} as icd_code
from {{ source('mimic_hosp', 'diagnoses_icd') }}
