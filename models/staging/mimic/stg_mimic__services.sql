/*
Grain       one row per change of service in an admission
Definition  services, renamed
Source      mimiciv_hosp.services
*/
select
    hadm_id,
    transfertime as transferred_at,
    curr_service as service
from {{ source('mimic_hosp', 'services') }}
