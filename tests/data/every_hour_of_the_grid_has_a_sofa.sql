select
    grid.stay_id,
    grid.last_hr,
    count(sofa.hr) as n_hours
from {{ ref('int_hour_grid') }} as grid
left join {{ ref('sofa_hourly') }} as sofa
    on grid.stay_id = sofa.stay_id
group by grid.stay_id, grid.last_hr
having count(sofa.hr) <> grid.last_hr + 1
