/*
Grain       one row per ICU stay and hour of its grid with a mean arterial pressure
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

grid as (

    select
        stay_id,
        grid_start
    from {{ ref('int_hour_grid') }}

),

final as (

    select
        grid.stay_id,
        {{ hour_of_grid('pressures.measured_at', 'grid.grid_start') }} as hr,
        min(pressures.map_mmhg) as map_min
    from grid
    inner join pressures
        on grid.stay_id = pressures.stay_id
    group by grid.stay_id, {{ hour_of_grid('pressures.measured_at', 'grid.grid_start') }}

)

select * from final
