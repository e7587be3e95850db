{{ config(tags=['trial']) }}

/*
Grain       one row per stay of the trial and control exposure that was ordered before time zero or starts after it
Definition  start_h: the first order that starts at or after time zero, while the patient is alive and in the ICU, as a start of
            the exposure in trial_outcomes (NULL = none); is_prevalent: ordered before time zero in this admission. A patient
            without a row never has it
Source      docs/DECISIONS.md, controls
*/
with

patients as (

    select
        stay_id,
        time_zero_at
    from {{ ref('int_trial_decision') }}
    where k = 0

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

deaths as (

    select * from {{ ref('int_hospital_death') }}

),

orders as (

    select * from {{ ref('int_control_order') }}

),

final as (

    select
        patients.stay_id,
        orders.exposure,
        min(
            case
                when orders.started_at >= patients.time_zero_at
                    then {{ hours_between('patients.time_zero_at', 'orders.started_at') }}
            end
        ) as start_h,
        max(case when orders.started_at < patients.time_zero_at then 1 else 0 end) = 1 as is_prevalent
    from patients
    inner join stays
        on patients.stay_id = stays.stay_id
    inner join orders
        on stays.hadm_id = orders.hadm_id
    left join deaths
        on patients.stay_id = deaths.stay_id
    where coalesce(orders.started_at < {{ least_of('stays.icu_discharged_at', 'deaths.died_at') }}, true)
    group by patients.stay_id, orders.exposure

)

select * from final
