{{ config(tags=['controls', 'trial']) }}

with

patients as (

    select * from {{ ref('trial_baseline') }}

),

listed as (

    select distinct outcome
    from {{ ref('negative_control_outcome') }}

),

outcomes as (

    select * from {{ ref('control_outcome') }}

)

select
    patients.stay_id,
    listed.outcome
from patients
cross join listed
left join outcomes
    on patients.stay_id = outcomes.stay_id and listed.outcome = outcomes.outcome
where outcomes.stay_id is null
