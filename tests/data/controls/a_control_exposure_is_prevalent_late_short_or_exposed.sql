{{ config(tags=['controls']) }}

with

exposures as (

    select * from {{ ref('control_exposure') }}

)

select
    stay_id,
    exposure
from exposures
where
    case when is_prevalent then 1 else 0 end
    + case when is_late or is_short then 1 else 0 end
    + case when is_exposed then 1 else 0 end <> 1
    or (start_offset_h is null and not is_prevalent)
    or (order_count = 0) <> (start_offset_h is null)
