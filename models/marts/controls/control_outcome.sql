{{ config(alias='negative_control_outcome') }}

/*
Grain       one row per stay that an analysis may be about (int_control_stay) and outcome that the exposure cannot cause
Definition  what was already so when the ICU stay began. is_known: it was measured or screened for at all; what was not
            did not occur
Source      seed negative_control_outcome; docs/DECISIONS.md, controls
*/
with

stays as (

    select * from {{ ref('int_control_stay') }}

),

outcomes as (

    select distinct
        outcome,
        kind
    from {{ ref('negative_control_outcome') }}

),

history as (

    select * from {{ ref('int_control_history') }}

),

labs as (

    select * from {{ ref('int_control_lab') }}

),

screenings as (

    select * from {{ ref('int_control_screening') }}

),

final as (

    select
        stays.stay_id,
        outcomes.outcome,
        case
            when outcomes.kind in ('diagnosis', 'admission') then history.stay_id is not null
            when outcomes.kind = 'screening' then coalesce(screenings.is_positive, false)
            else coalesce(labs.occurred, false)
        end as occurred,
        case
            when outcomes.kind in ('diagnosis', 'admission') then true
            when outcomes.kind = 'screening' then screenings.stay_id is not null
            else labs.stay_id is not null
        end as is_known
    from stays
    cross join outcomes
    left join history
        on stays.stay_id = history.stay_id and outcomes.outcome = history.outcome
    left join labs
        on stays.stay_id = labs.stay_id and outcomes.outcome = labs.outcome
    left join screenings
        on stays.stay_id = screenings.stay_id

)

select * from final
