/*
Grain       one row per episode of one kind of respiratory support
Definition  rows of one status form an episode until another status or ventilation_gap_h of silence; it ends at the next
            row of any status
Source      mimic-code ventilation
Deviation   an episode of one single row is dropped, as there; what int_ventilation_status says of tracheostomies
*/
with

settled as (

    select * from {{ ref('int_ventilation_status') }}

),

neighbours as (

    select
        stay_id,
        measured_at,
        status,
        lag(measured_at) over (partition by stay_id, status order by measured_at) as same_status_at,
        lag(status) over (partition by stay_id order by measured_at) as previous_status,
        lead(measured_at) over (partition by stay_id order by measured_at) as next_at
    from settled

),

marked as (

    select
        stay_id,
        measured_at,
        status,
        case
            when next_at is null then measured_at
            when {{ whole_hours_between('measured_at', 'next_at') }} >= {{ var('ventilation_gap_h') }} then measured_at
            else next_at
        end as lasts_until,
        case
            when previous_status is null then 1
            when {{ whole_hours_between('same_status_at', 'measured_at') }} >= {{ var('ventilation_gap_h') }} then 1
            when previous_status <> status then 1
            else 0
        end as starts_new
    from neighbours

),

numbered as (

    select
        stay_id,
        measured_at,
        status,
        lasts_until,
        sum(starts_new) over (partition by stay_id order by measured_at rows unbounded preceding) as episode_seq
    from marked

),

final as (

    select
        stay_id,
        cast(episode_seq as integer) as episode_seq,
        min(measured_at) as started_at,
        max(lasts_until) as ended_at,
        max(status) as status
    from numbered
    group by stay_id, episode_seq
    having min(measured_at) <> max(measured_at)

)

select * from final
