{{ config(materialized='view') }}

/*
Grain       one row per check
Definition  how many stays, admissions and deaths are faulty in themselves or contradict each other
Source      docs/DECISIONS.md, hospital death; quality_* vars
*/
with

all_stays as (

    select * from {{ ref('int_icu_stay') }}

),

grid as (

    select stay_id
    from {{ ref('int_hour_grid') }}

),

unknown_exposures as (

    select stay_id
    from {{ ref('int_exposure_unknown') }}

),

stay_deaths as (

    select * from {{ ref('int_hospital_death') }}

),

patients as (

    select * from {{ ref('stg_mimic__patients') }}

),

admissions as (

    select
        '' as concept,
        *
    from {{ ref('stg_mimic__admissions') }}

),

stays as (

    select
        '' as concept,
        all_stays.icu_admitted_at,
        all_stays.icu_discharged_at,
        all_stays.hospital_admitted_at,
        grid.stay_id is null as has_no_grid,
        unknown_exposures.stay_id is not null as is_exposure_unknown
    from all_stays
    left join grid
        on all_stays.stay_id = grid.stay_id
    left join unknown_exposures
        on all_stays.stay_id = unknown_exposures.stay_id

),

deaths_of_stays as (

    select
        '' as concept,
        stay_deaths.died_at,
        stay_deaths.is_of_another_admission,
        all_stays.icu_admitted_at
    from stay_deaths
    inner join all_stays
        on stay_deaths.stay_id = all_stays.stay_id

),

numbered_admissions as (

    select
        admissions.*,
        patients.died_on,
        max(admissions.hospital_admitted_at) over (partition by admissions.subject_id) as last_admitted_at,
        coalesce(admissions.hospital_died_at, admissions.hospital_discharged_at) as ended_at
    from admissions
    left join patients
        on admissions.subject_id = patients.subject_id

),

deaths_of_admissions as (

    select
        *,
        last_admitted_at > ended_at as is_before_later_admission,
        -- a date against a time: the day before and the day after agree with it
        cast(died_on as {{ timestamp() }}) < {{ add_hours(truncate_time('day', 'ended_at'), -24) }}
        or cast(died_on as {{ timestamp() }}) > {{ add_hours(truncate_time('day', 'ended_at'), 24) }} as is_date_other
    from numbered_admissions
    where died_hospital or hospital_died_at is not null

),

survived_admissions as (

    select
        *,
        cast(died_on as {{ timestamp() }}) >= {{ truncate_time('day', 'hospital_admitted_at') }}
        and cast(died_on as {{ timestamp() }}) < {{ truncate_time('day', 'hospital_discharged_at') }} as is_date_in_stay
    from numbered_admissions
    where not died_hospital and hospital_died_at is null

),

dead_patients as (

    select
        concept,
        min(case when died_on < cast(last_admitted_at as date) then 1 else 0 end) = 1 as is_date_before_admission
    from numbered_admissions
    where died_on is not null
    group by concept, subject_id

),

final as (

    {{ count_faults('stays', {
        'stay_without_end': "icu_discharged_at is null",
        'stay_time_impossible': is_impossible_time('icu_admitted_at') ~ " or " ~ is_impossible_time('icu_discharged_at'),
        'stay_without_heart_rate': "has_no_grid",
        'stay_without_admission': "hospital_admitted_at is null",
        'exposure_unknown': "is_exposure_unknown",
    }) }}

    union all

    {{ count_faults('deaths_of_stays', {
        'death_before_admission': "died_at < icu_admitted_at",
        'death_in_another_admission': "is_of_another_admission",
    }) }}

    union all

    {{ count_faults('deaths_of_admissions', {
        'death_without_time': "hospital_died_at is null",
        'death_without_flag': "not died_hospital",
        'death_after_discharge': "hospital_died_at > " ~ add_hours('hospital_discharged_at', var('stay_margin_h')),
        'death_before_later_admission': "is_before_later_admission",
        'death_date_disagrees': "is_date_other",
    }) }}

    union all

    {{ count_faults('survived_admissions', {
        'death_date_in_stay': "is_date_in_stay",
    }) }}

    union all

    {{ count_faults('dead_patients', {
        'death_date_before_admission': "is_date_before_admission",
    }) }}

    union all

    {{ count_faults('admissions', {
        'discharge_before_admission': "hospital_discharged_at < hospital_admitted_at",
    }) }}

)

select * from final
