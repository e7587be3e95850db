with

cohort as (

    select * from {{ ref('analysis_cohort') }}

),

exposure as (

    select * from {{ ref('exposure') }}

)

select cohort.stay_id
from cohort
left join exposure
    on cohort.stay_id = exposure.stay_id
where
    (cohort.treated and (exposure.stay_id is null or not exposure.is_exposed))
    or (not cohort.treated and exposure.stay_id is not null)
    or (cohort.treated and (cohort.exposure_duration_h is null or cohort.exposure_start_offset_h is null))
    or (not cohort.treated and (cohort.exposure_duration_h is not null or cohort.exposure_mean_rate_48h is not null))
