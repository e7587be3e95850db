/*
Grain       one row per ICU stay in which the exposure's drug (var exposure_drug: dexmedetomidine) ran
Definition  start (h after ICU admission, may be slightly negative), hours in the union of running intervals, longest
            episode with short pauses bridged, mean rate over the first exposure_dose_window_h; exposed = started by
            exposure_max_start_h and ran exposure_min_duration_h or longer. Every running hour counts for the duration; the
            mean rate is taken over those whose rate is known
Source      section 2.2 and Table 4 of Huang 2024; docs/DECISIONS.md, exposure
*/
{{ config(alias='dexmedetomidine_exposure') }}
with

running as (

    select * from {{ ref('int_exposure_row') }}

),

exposure_run as (

    select * from {{ ref('int_exposure_run') }}

),

stays as (

    select
        stay_id,
        icu_admitted_at,
        {{ add_hours('icu_admitted_at', var('exposure_dose_window_h')) }} as dose_window_ends_at
    from {{ ref('int_icu_stay') }}

),

rated as (

    select * from running
    where rate is not null

),

rated_run as (

    {{ merged_intervals('rated', 'stay_id') }}

),

rated_hours as (

    select
        stays.stay_id,
        {{ total_hours(
            greatest_of('runs.started_at', 'stays.icu_admitted_at'), least_of('runs.ended_at', 'stays.dose_window_ends_at')
        ) }} as rated_in_window_h
    from stays
    inner join rated_run as runs
        on stays.stay_id = runs.stay_id
    group by stays.stay_id

),

doses as (

    select
        stays.stay_id,
        {{ exact_large_sum('running.rate * (' ~ epoch_seconds(
            least_of('running.ended_at', 'stays.dose_window_ends_at')
        ) ~ ' - ' ~ epoch_seconds(greatest_of('running.started_at', 'stays.icu_admitted_at')) ~ ')') }} / 3600 as dose
    from stays
    inner join rated as running
        on
            stays.stay_id = running.stay_id
            and running.ended_at > stays.icu_admitted_at
            and running.started_at < stays.dose_window_ends_at
    group by stays.stay_id

),

runs as (

    select
        stays.stay_id,
        min({{ hours_between('stays.icu_admitted_at', 'runs.started_at') }}) as start_offset_h,
        {{ total_hours('runs.started_at', 'runs.ended_at') }} as running_h
    from stays
    inner join exposure_run as runs
        on stays.stay_id = runs.stay_id
    group by stays.stay_id

),

episodes as (

    select
        stay_id,
        max({{ hours_between('started_at', 'ended_at') }}) as longest_episode_h
    from {{ ref('int_exposure_episode') }}
    group by stay_id

),

timed as (

    select
        runs.stay_id,
        runs.start_offset_h,
        runs.running_h,
        episodes.longest_episode_h,
        {{ 'episodes.longest_episode_h' if var('exposure_duration') == 'longest_episode' else 'runs.running_h' }} as duration_h,
        doses.dose / nullif(rated_hours.rated_in_window_h, 0) as mean_rate_48h
    from runs
    inner join episodes
        on runs.stay_id = episodes.stay_id
    left join doses
        on runs.stay_id = doses.stay_id
    left join rated_hours
        on runs.stay_id = rated_hours.stay_id

),

final as (

    select
        stay_id,
        start_offset_h,
        duration_h,
        running_h,
        longest_episode_h,
        mean_rate_48h,
        start_offset_h <= {{ var('exposure_max_start_h') }} and duration_h >= {{ var('exposure_min_duration_h') }} as is_exposed
    from timed

)

select * from final
