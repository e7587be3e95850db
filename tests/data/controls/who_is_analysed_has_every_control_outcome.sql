{{ config(tags=['controls']) }}

with

cohort as (

    select * from {{ ref('analysis_cohort') }}

),

listed as (

    select distinct outcome
    from {{ ref('negative_control_outcome') }}

),

outcomes as (

    select * from {{ ref('control_outcome') }}

)

select
    cohort.stay_id,
    listed.outcome
from cohort
cross join listed
left join outcomes
    on cohort.stay_id = outcomes.stay_id and listed.outcome = outcomes.outcome
where outcomes.stay_id is null
