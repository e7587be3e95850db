/*
Grain       one row per ICU stay
Definition  28-day hospital death: died in hospital within death_horizon_days of ICU admission; those discharged alive
            are event-free to day 28 (followup: day28) or leave at hospital discharge (followup: discharge; always in
            followup_discharge_days). Hours are unions of intervals, 0 = never
Source      section 2.4 of Huang 2024; docs/DECISIONS.md, outcomes
Deviation   which record counts as a death in hospital, and when: int_hospital_death. A death charted before ICU admission
            counts as at admission. A discharge before the admission is no length and no end of follow-up
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

deaths as (

    select * from {{ ref('int_hospital_death') }}

),

ventilation as (

    select
        stay_id,
        {{ total_hours('started_at', 'ended_at') }} as hours
    from {{ ref('int_ventilation_run') }}
    group by stay_id

),

vasopressors as (

    select
        stay_id,
        {{ total_hours('started_at', 'ended_at') }} as hours
    from {{ ref('int_vasopressor_run') }}
    group by stay_id

),

timed as (

    select
        stays.stay_id,
        deaths.stay_id is not null as died_hospital,
        {{ hours_between('stays.icu_admitted_at', 'deaths.died_at') }} / 24 as death_days,
        case
            when stays.hospital_discharged_at >= stays.icu_admitted_at
                then {{ hours_between('stays.icu_admitted_at', 'stays.hospital_discharged_at') }} / 24
        end as discharge_days,
        case
            when stays.hospital_discharged_at >= stays.hospital_admitted_at
                then {{ hours_between('stays.hospital_admitted_at', 'stays.hospital_discharged_at') }} / 24
        end as hospital_days,
        case when stays.icu_stay_h >= 0 then stays.icu_stay_h / 24 end as icu_days
    from stays
    left join deaths
        on stays.stay_id = deaths.stay_id

),

judged as (

    select
        timed.*,
        coalesce(death_days <= {{ var('death_horizon_days') }}, false) as died_28d_hospital
    from timed

),

followed as (

    select
        judged.*,
        case when died_28d_hospital then death_days else {{ var('death_horizon_days') }} end as until_day28,
        case
            when died_28d_hospital then death_days
            else coalesce(discharge_days, {{ var('death_horizon_days') }})
        end as until_discharge
    from judged

),

final as (

    select
        followed.stay_id,
        followed.died_28d_hospital,
        cast({{ greatest_of(
            0, least_of(var('death_horizon_days'), 'followed.until_' ~ var('followup'))
        ) }} as {{ double() }}) as followup_28d_days,
        cast({{ greatest_of(
            0, least_of(var('death_horizon_days'), 'followed.until_discharge')
        ) }} as {{ double() }}) as followup_discharge_days,
        followed.died_hospital,
        coalesce(ventilation.hours, 0) as ventilation_h,
        coalesce(vasopressors.hours, 0) as vasopressor_h,
        followed.hospital_days,
        followed.icu_days
    from followed
    left join ventilation
        on followed.stay_id = ventilation.stay_id
    left join vasopressors
        on followed.stay_id = vasopressors.stay_id

)

select * from final
