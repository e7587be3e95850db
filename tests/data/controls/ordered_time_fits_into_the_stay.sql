{{ config(tags=['controls']) }}

with

exposures as (

    select * from {{ ref('control_exposure') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

)

select
    exposures.stay_id,
    exposures.exposure
from exposures
inner join stays
    on exposures.stay_id = stays.stay_id
where
    exposures.ordered_h > stays.icu_stay_h + 1e-9
    or exposures.start_offset_h >= stays.icu_stay_h
