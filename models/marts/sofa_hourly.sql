/*
Grain       one row per ICU stay and hour since the first heart rate (hour 0 ends at it, rounded up)
Definition  each organ's worst points over the sofa_window_h hours that end here, missing = 0; their sum is the SOFA score
Source      Vincent 1996; mimic-code sofa
*/
{%- set organs = ['respiration', 'coagulation', 'liver', 'cardiovascular', 'cns', 'renal'] %}
{%- set by_other_key = ['coagulation_other_key', 'liver_other_key', 'renal_other_key'] %}
with

hours as (

    select * from {{ ref('int_sofa_hour') }}

),

worst as (

    {{ sofa_worst('hours', organs + by_other_key) }}

),

final as (

    select
        stay_id,
        hr,
        respiration as respiration_24h,
        coagulation as coagulation_24h,
        liver as liver_24h,
        cardiovascular as cardiovascular_24h,
        cns as cns_24h,
        renal as renal_24h,
        respiration + coagulation + liver + cardiovascular + cns + renal as sofa_24h,
        respiration + coagulation_other_key + liver_other_key + cardiovascular + cns + renal_other_key as sofa_24h_other_lab_key
    from worst
    where hr >= 0

)

select * from final
