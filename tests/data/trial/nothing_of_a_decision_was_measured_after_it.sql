{{ config(tags=['trial']) }}

with

decisions as (

    select * from {{ ref('int_trial_decision') }}

),

last_known as (

    select * from {{ ref('int_trial_last') }}

)

select
    decisions.stay_id,
    decisions.k
from decisions
inner join last_known
    on decisions.stay_id = last_known.stay_id and decisions.k = last_known.k
where last_known.measured_at > decisions.decided_at
