/*
Grain       one row per ICU stay
Definition  28-day hospital death: died in hospital within death_horizon_days of ICU admission; those discharged alive
            are event-free to day 28 (followup: day28) or leave at hospital discharge (followup: discharge; always in
            followup_discharge_days). Hours are unions of intervals, 0 = never
Source      section 2.4 of Huang 2024; docs/DECISIONS.md, outcomes
Deviation   the time of a hospital death is deathtime, or the discharge when that is missing; a death charted before ICU
            admission counts as at admission
*/
with

stays as (

    select
        stay_id,
        icu_admitted_at,
        hospital_admitted_at,
        hospital_discharged_at,
        coalesce(died_hospital, false) as died_hospital,
        icu_stay_h,
        case when died_hospital then coalesce(hospital_died_at, hospital_discharged_at) end as died_at
    from {{ ref('int_icu_stay') }}

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
        stays.*,
        {{ hours_between('icu_admitted_at', 'died_at') }} / 24 as death_days,
        {{ hours_between('icu_admitted_at', 'hospital_discharged_at') }} / 24 as discharge_days
    from stays

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
        {{ hours_between('followed.hospital_admitted_at', 'followed.hospital_discharged_at') }} / 24 as hospital_days,
        followed.icu_stay_h / 24 as icu_days
    from followed
    left join ventilation
        on followed.stay_id = ventilation.stay_id
    left join vasopressors
        on followed.stay_id = vasopressors.stay_id

)

select * from final
