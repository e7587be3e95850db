/*
Grain       one row per stay of the trial; hours count from time zero
Definition  start of the exposure (NULL = never) and how long it ran; follow-up to death or death_horizon_days, discharged
            alive = event-free (followup: discharge ends it there). died_28d_any: dead wherever it was (the date of death is
            known for a year after discharge). Free days: those of the horizon without invasive ventilation (vasopressors),
            none for who dies in hospital within it
Source      section 2.4 of Huang 2024; docs/DECISIONS.md, trial
Deviation   a date of death without an hour counts from its midnight on, but not before hospital discharge
*/
{%- set horizon_h = var('death_horizon_days') * 24 %}
with

patients as (

    select
        stay_id,
        time_zero_at,
        started_at
    from {{ ref('int_trial_decision') }}
    where k = 0

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

deaths as (

    select * from {{ ref('int_hospital_death') }}

),

exposure as (

    select * from {{ ref('exposure') }}

),

{% for name, run in [('ventilated', 'int_ventilation_run'), ('supported', 'int_vasopressor_run')] -%}
{{ name }} as (

    select
        patients.stay_id,
        {{ total_hours(
            greatest_of('runs.started_at', 'patients.time_zero_at'),
            least_of('runs.ended_at', add_hours('patients.time_zero_at', horizon_h))
        ) }} as hours
    from patients
    inner join {{ ref(run) }} as runs
        on
            patients.stay_id = runs.stay_id
            and runs.ended_at > patients.time_zero_at
            and runs.started_at < {{ add_hours('patients.time_zero_at', horizon_h) }}
    group by patients.stay_id

),

{% endfor -%}
timed as (

    select
        patients.stay_id,
        {{ hours_between('patients.time_zero_at', 'patients.started_at') }} as start_h,
        case when patients.started_at is not null then exposure.duration_h end as duration_h,
        {{ hours_between('patients.time_zero_at', 'stays.icu_discharged_at') }} as icu_end_h,
        {{ hours_between('patients.time_zero_at', 'stays.hospital_discharged_at') }} as discharge_h,
        {{ hours_between('patients.time_zero_at', 'deaths.died_at') }} as hospital_death_h,
        {{ hours_between('patients.time_zero_at', greatest_of(
            'cast(stays.died_on as ' ~ timestamp() ~ ')', 'stays.hospital_discharged_at'
        )) }} as later_death_h,
        stays.died_on is not null as has_died,
        coalesce(ventilated.hours, 0) as ventilation_h,
        coalesce(supported.hours, 0) as vasopressor_h
    from patients
    inner join stays
        on patients.stay_id = stays.stay_id
    left join deaths
        on patients.stay_id = deaths.stay_id
    left join exposure
        on patients.stay_id = exposure.stay_id
    left join ventilated
        on patients.stay_id = ventilated.stay_id
    left join supported
        on patients.stay_id = supported.stay_id

),

dead as (

    select
        timed.*,
        coalesce(hospital_death_h, case when has_died and later_death_h > 0 then later_death_h end) as any_death_h
    from timed

),

judged as (

    select
        dead.*,
        coalesce(hospital_death_h <= {{ horizon_h }}, false) as died_28d_hospital,
        coalesce(any_death_h <= {{ horizon_h }}, false) as died_28d_any
    from dead

),

final as (

    select
        stay_id,
        start_h,
        duration_h,
        icu_end_h,
        discharge_h,
        died_28d_hospital,
        cast(case
            when died_28d_hospital then hospital_death_h
            {%- if var('followup') == 'discharge' %}
            when discharge_h > 0 and discharge_h < {{ horizon_h }} then discharge_h
            {%- endif %}
            else {{ horizon_h }}
        end as {{ double() }}) as followup_28d_h,
        died_28d_any,
        cast(case when died_28d_any then any_death_h else {{ horizon_h }} end as {{ double() }}) as followup_28d_any_h,
        case when died_28d_hospital then 0 else {{ var('death_horizon_days') }} - ventilation_h / 24 end as ventilator_free_days,
        case when died_28d_hospital then 0 else {{ var('death_horizon_days') }} - vasopressor_h / 24 end as vasopressor_free_days
    from judged

)

select * from final
