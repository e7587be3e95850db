{{ config(tags=['controls', 'trial']) }}

with

intervals as (

    select * from {{ ref('trial_interval') }}

),

decisions as (

    select * from {{ ref('trial_decision') }}

)

select
    coalesce(intervals.stay_id, decisions.stay_id) as stay_id,
    coalesce(intervals.k, decisions.k) as k
from intervals
full outer join decisions
    on intervals.stay_id = decisions.stay_id and intervals.k = decisions.k
where
    decisions.stay_id is null
    or (intervals.stay_id is null and decisions.is_before_start)
    or (intervals.stay_id is not null and not decisions.is_before_start)
    or intervals.decided_at <> decisions.decided_at
    or intervals.sofa_24h <> decisions.sofa_24h
