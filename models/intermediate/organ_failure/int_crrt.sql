/*
Grain       one row per ICU stay with continuous renal replacement on the first day
Definition  a CRRT mode charted, or a CRRT procedure running, between ICU admission and first_day_intervention_h later
Source      mimic-code crrt and rrt; Huang 2024, Table 1
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

modes as (

    select
        stay_id,
        measured_at as started_at,
        measured_at as ended_at
    from {{ ref('int_chart_value') }}
    where concept = 'crrt_mode'

),

procedures as (

    select
        stay_id,
        started_at,
        ended_at
    from {{ ref('int_procedure_row') }}
    where concept = 'crrt' and fault is null

),

periods as (

    select * from modes
    union all
    select * from procedures

),

final as (

    select distinct stays.stay_id
    from stays
    inner join periods
        on
            stays.stay_id = periods.stay_id
            and periods.ended_at >= stays.icu_admitted_at
            and periods.started_at <= {{ add_hours('stays.icu_admitted_at', var('first_day_intervention_h')) }}

)

select * from final
