/*
Grain       one row per ICU stay and uninterrupted stretch of invasive ventilation
Definition  union of the invasive episodes
Source      mimic-code ventilation; Huang 2024, section 2.4
*/
with

episodes as (

    select
        stay_id,
        started_at,
        ended_at
    from {{ ref('int_ventilation') }}
    where status = 'InvasiveVent'

),

final as (

    {{ merged_intervals('episodes', 'stay_id') }}

)

select * from final
