-- hours before the stay belong to the lead of the grid, hours after its last heart rate to nothing
with

sofa as (

    select * from {{ ref('sofa_hourly') }}

),

grid as (

    select * from {{ ref('int_hour_grid') }}

)

select
    sofa.stay_id,
    sofa.hr
from sofa
left join grid
    on sofa.stay_id = grid.stay_id
where
    sofa.sofa_24h
    <> sofa.respiration_24h + sofa.coagulation_24h + sofa.liver_24h + sofa.cardiovascular_24h + sofa.cns_24h + sofa.renal_24h
    or grid.stay_id is null
    or sofa.hr > grid.last_hr
