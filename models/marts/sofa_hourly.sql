/*
Grain       one row per ICU stay and hour since the first heart rate (hour 0 ends at it, rounded up)
Definition  each organ's worst points over the sofa_window_h hours that end here, missing = 0; their sum is the SOFA score
Source      Vincent 1996; mimic-code sofa
*/
with

hours as (

    select * from {{ ref('int_sofa_hour') }}

),

worst as (

    select
        stay_id,
        hr,
        coalesce(max(respiration) over sofa_window, 0) as respiration_24h,
        coalesce(max(coagulation) over sofa_window, 0) as coagulation_24h,
        coalesce(max(liver) over sofa_window, 0) as liver_24h,
        coalesce(max(cardiovascular) over sofa_window, 0) as cardiovascular_24h,
        coalesce(max(cns) over sofa_window, 0) as cns_24h,
        coalesce(max(renal) over sofa_window, 0) as renal_24h
    from hours
    window sofa_window as (
        partition by stay_id order by hr
        rows between {{ var('sofa_window_h') - 1 }} preceding and current row
    )

),

final as (

    select
        stay_id,
        hr,
        respiration_24h,
        coagulation_24h,
        liver_24h,
        cardiovascular_24h,
        cns_24h,
        renal_24h,
        respiration_24h + coagulation_24h + liver_24h + cardiovascular_24h + cns_24h + renal_24h as sofa_24h
    from worst
    where hr >= 0

)

select * from final
