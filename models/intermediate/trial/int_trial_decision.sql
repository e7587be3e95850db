/*
Grain       one row per stay of the trial and decision point: k = 0, 1, ... at time zero and each trial_interval_h after it within
            trial_grace_h, as long as the patient is alive and in the ICU
Definition  the moment, whether the exposure has not started before it (is_before_start), and whether it starts before the
            next one. A start after ICU discharge or death is none
Source      docs/DECISIONS.md, trial
*/
with

eligible as (

    select
        stay_id,
        time_zero_at
    from {{ ref('trial_eligibility') }}
    where is_eligible

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

deaths as (

    select * from {{ ref('int_hospital_death') }}

),

starts as (

    select
        stay_id,
        min(started_at) as started_at
    from {{ ref('int_exposure_run') }}
    group by stay_id

),

bounds as (

    select * from {{ ref('int_trial_candidate') }}

),

patients as (

    select
        eligible.stay_id,
        eligible.time_zero_at,
        {{ clock_hour('eligible.time_zero_at') }} - bounds.first_hour as zero_hr,
        {{ least_of('stays.icu_discharged_at', 'deaths.died_at') }} as gone_at,
        starts.started_at
    from eligible
    inner join stays
        on eligible.stay_id = stays.stay_id
    inner join bounds
        on eligible.stay_id = bounds.stay_id
    left join deaths
        on eligible.stay_id = deaths.stay_id
    left join starts
        on
            eligible.stay_id = starts.stay_id
            and coalesce(starts.started_at < {{ least_of('stays.icu_discharged_at', 'deaths.died_at') }}, true)

),

moments as (

    select
        patients.stay_id,
        patients.time_zero_at,
        patients.gone_at,
        patients.started_at,
        decisions.k,
        patients.zero_hr + decisions.k * {{ var('trial_interval_h') }} as hr,
        {{ add_hours('patients.time_zero_at', 'decisions.k * ' ~ var('trial_interval_h')) }} as decided_at
    from patients
    {{ cross_join_integers('0', (var('trial_grace_h') // var('trial_interval_h') - 1) | string, 'decisions', 'k') }}

),

final as (

    select
        stay_id,
        time_zero_at,
        started_at,
        k,
        hr,
        decided_at,
        coalesce(started_at >= decided_at, true) as is_before_start,
        coalesce(
            started_at >= decided_at and started_at < {{ add_hours('decided_at', var('trial_interval_h')) }}, false
        ) as starts
    from moments
    where coalesce(gone_at > decided_at, true)

)

select * from final
