{{ config(tags=['trial']) }}

-- who starts within the grace period has one decision at which he does, the one before his start; who does not has none
with

intervals as (

    select * from {{ ref('trial_interval') }}

),

outcomes as (

    select * from {{ ref('trial_outcomes') }}

),

starts as (

    select
        stay_id,
        max(k) as last_k,
        max(case when starts then k end) as start_k,
        sum(case when starts then 1 else 0 end) as n_starts
    from intervals
    group by stay_id

)

select outcomes.stay_id
from outcomes
left join starts
    on outcomes.stay_id = starts.stay_id
where
    starts.stay_id is null
    or starts.n_starts <> case when outcomes.start_h < {{ var('trial_grace_h') }} then 1 else 0 end
    or (
        starts.n_starts = 1
        and (
            starts.start_k <> starts.last_k
            or outcomes.start_h < starts.start_k * {{ var('trial_interval_h') }}
            or outcomes.start_h >= (starts.start_k + 1) * {{ var('trial_interval_h') }}
        )
    )
