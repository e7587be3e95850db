{{ config(materialized='view') }}

/*
Grain       one row per ICU stay with a GCS in the first-day window
Definition  lowest GCS of the first day
Source      mimic-code first_day_gcs
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

gcs as (

    select * from {{ ref('int_gcs') }}

),

final as (

    select
        stays.stay_id,
        min(gcs.gcs) as gcs_min
    from stays
    inner join gcs
        on
            stays.stay_id = gcs.stay_id
            and {{ within_first_day('gcs.measured_at', 'stays.icu_admitted_at') }}
    group by stays.stay_id

)

select * from final
