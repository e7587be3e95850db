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
    from {{ ref('int_running_infusion') }}
    where drug in ('norepinephrine', 'epinephrine', 'vasopressin')

),

final as (

    {{ merged_intervals('running', 'stay_id') }}

)

select * from final
