{{ config(materialized='view') }}

/*
Grain       one row per ICU stay
Definition  the time that charting of the stay lies in, from stay_margin_h before ICU admission to as much after ICU
            discharge, and that of its hospital admission. Without a discharge, or with one before the admission, they have no end
Source      docs/DECISIONS.md, charting outside the stay
Deviation   mimic-code reads every row, wherever it lies; a margin of a million hours does as well
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

final as (

    select
        stay_id,
        subject_id,
        {{ add_hours('icu_admitted_at', -1 * var('stay_margin_h')) }} as earliest_at,
        case
            when icu_discharged_at >= icu_admitted_at then {{ add_hours('icu_discharged_at', var('stay_margin_h')) }}
        end as latest_at,
        {{ add_hours('hospital_admitted_at', -1 * var('stay_margin_h')) }} as hospital_earliest_at,
        case
            when hospital_discharged_at >= hospital_admitted_at
                then {{ add_hours('hospital_discharged_at', var('stay_margin_h')) }}
        end as hospital_latest_at
    from stays

)

select * from final
