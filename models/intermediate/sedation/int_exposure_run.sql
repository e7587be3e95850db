/*
Grain       one row per ICU stay and uninterrupted stretch of the exposure's drug
Definition  union of the running rows; a pause is a gap, not run time
Source      docs/DECISIONS.md, exposure
*/
with

running as (

    select * from {{ ref('int_exposure_row') }}

),

final as (

    {{ merged_intervals('running', 'stay_id') }}

)

select * from final
