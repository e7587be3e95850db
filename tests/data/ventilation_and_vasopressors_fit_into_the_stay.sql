-- charted hours may begin before ICU admission and end after discharge, but not by days
{{ config(severity='warn') }}
with

outcomes as (

    select * from {{ ref('outcomes') }}

)

select outcomes.stay_id
from outcomes
where
    outcomes.ventilation_h > 24 * (outcomes.icu_days + 3)
    or outcomes.vasopressor_h > 24 * (outcomes.icu_days + 3)
