/*
Grain       one row per procedure of an item that the study uses
Definition  the only scan of procedureevents: items of the seed procedure_item; `fault` says why a row is not used
Source      seed procedure_item
*/
with

procedures as (

    select * from {{ ref('stg_mimic__procedureevents') }}

),

items as (

    select * from {{ ref('procedure_item') }}

),

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

final as (

    select
        procedures.stay_id,
        items.concept,
        procedures.started_at,
        procedures.ended_at,
        case
            when procedures.subject_id <> bounds.subject_id then 'another patient'
            when
                procedures.started_at is null or procedures.ended_at is null
                or procedures.ended_at < procedures.started_at
                then 'reversed'
            when {{ is_outside_stay('procedures.started_at') }} and {{ is_outside_stay('procedures.ended_at') }}
                then 'outside stay'
        end as fault
    from procedures
    inner join items
        on procedures.itemid = items.itemid
    left join bounds
        on procedures.stay_id = bounds.stay_id

)

select * from final
