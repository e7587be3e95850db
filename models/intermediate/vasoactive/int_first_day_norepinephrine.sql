{{ config(materialized='view') }}

/*
Grain       one row per ICU stay with a vasopressor that runs in the first first_day_intervention_h after ICU admission
Definition  the highest norepinephrine equivalent of any moment in them: rates of all that runs at that moment are added
            up. A stretch runs from its start (included) to its end (not included), so that of two that follow one another
            one counts at the moment between. The highest begins with a stretch: at the last start before admission runs
            what runs at admission
Source      Goradia 2021, seed norepinephrine_equivalence; as in the trial, which asks at its decisions
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

equivalences as (

    select * from {{ ref('norepinephrine_equivalence') }}

),

infusions as (

    select * from {{ ref('int_vasoactive_infusion') }}
    where rate > 0

),

running as (

    select
        stays.stay_id,
        infusions.started_at,
        infusions.ended_at,
        infusions.rate * equivalences.factor as equivalent
    from stays
    inner join infusions
        on
            stays.stay_id = infusions.stay_id
            and infusions.ended_at > stays.icu_admitted_at
            and infusions.started_at <= {{ add_hours('stays.icu_admitted_at', var('first_day_intervention_h')) }}
    inner join equivalences
        on infusions.drug = equivalences.drug

),

moments as (

    select distinct
        stay_id,
        started_at as moment_at
    from running

),

added as (

    select
        moments.stay_id,
        moments.moment_at,
        sum(running.equivalent) as equivalent
    from moments
    inner join running
        on
            moments.stay_id = running.stay_id
            and running.started_at <= moments.moment_at
            and running.ended_at > moments.moment_at
    group by moments.stay_id, moments.moment_at

),

final as (

    select
        stay_id,
        max(equivalent) as norepinephrine_equivalent_max
    from added
    group by stay_id

)

select * from final
