/*
Grain       one row per ICU stay and hour of the clock with a mean arterial pressure
Definition  lowest mean arterial pressure (mmHg) of the hour; pressures charted at one time are averaged first
Source      mimic-code vitalsign, sofa. A table of its own, because it is the largest part of SOFA and builds beside the others
*/
with

pressures as (

    select
        stay_id,
        measured_at,
        {{ exact_mean('value') }} as map_mmhg
    from {{ ref('int_chart_value') }}
    where concept = 'map' and value is not null
    group by stay_id, measured_at

),

final as (

    select
        stay_id,
        {{ clock_hour('measured_at') }} as clock_hour,
        min(map_mmhg) as map_min
    from pressures
    group by stay_id, {{ clock_hour('measured_at') }}

)

select * from final
