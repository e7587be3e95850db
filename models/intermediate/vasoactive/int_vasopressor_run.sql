{{ config(materialized='view') }}

/*
Grain       one row per ICU stay and uninterrupted stretch of vasopressor treatment
Definition  union of the running intervals of norepinephrine, epinephrine and vasopressin
Source      Huang 2024, section 2.3
*/
with

running as (

    select
        stay_id,
        started_at,
        ended_at
    from {{ ref('int_vasoactive_infusion') }}
    where drug in ('norepinephrine', 'epinephrine', 'vasopressin') and rate > 0

),

final as (

    {{ merged_intervals('running', 'stay_id') }}

)

select * from final
