with

grid as (

    select * from {{ ref('int_hour_grid') }}

),

sofa as (

    select * from {{ ref('sofa_hourly') }}

)

select
    grid.stay_id,
    grid.last_hr,
    count(sofa.hr) as n_hours
from grid
left join sofa
    on grid.stay_id = sofa.stay_id
group by grid.stay_id, grid.last_hr
having count(sofa.hr) <> grid.last_hr + 1
