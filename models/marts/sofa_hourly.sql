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
        {{ sofa_worst('respiration', 'stay_id', 'hr') }} as respiration_24h,
        {{ sofa_worst('coagulation', 'stay_id', 'hr') }} as coagulation_24h,
        {{ sofa_worst('liver', 'stay_id', 'hr') }} as liver_24h,
        {{ sofa_worst('cardiovascular', 'stay_id', 'hr') }} as cardiovascular_24h,
        {{ sofa_worst('cns', 'stay_id', 'hr') }} as cns_24h,
        {{ sofa_worst('renal', 'stay_id', 'hr') }} as renal_24h,
        {{ sofa_worst('coagulation_other_key', 'stay_id', 'hr') }} as coagulation_24h_other_key,
        {{ sofa_worst('liver_other_key', 'stay_id', 'hr') }} as liver_24h_other_key,
        {{ sofa_worst('renal_other_key', 'stay_id', 'hr') }} as renal_24h_other_key
    from hours

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
        respiration_24h + coagulation_24h + liver_24h + cardiovascular_24h + cns_24h + renal_24h as sofa_24h,
        respiration_24h + coagulation_24h_other_key + liver_24h_other_key + cardiovascular_24h + cns_24h + renal_24h_other_key
            as sofa_24h_other_lab_key
    from worst
    where hr >= 0

)

select * from final
