/*
Grain       one row per admission with an ICU stay, control exposure and order of it (start and end)
Definition  an order without an end is a dose at once. Left out: one that ends before it starts, which was cancelled before it
            could be given; one outside the calendar; one under another patient's admission
Source      seed negative_control_exposure; docs/DECISIONS.md, controls
*/
with

prescriptions as (

    select
        hadm_id,
        drug,
        coalesce(route, '') as route,
        started_at,
        coalesce(stopped_at, started_at) as ended_at
    from {{ ref('int_prescription') }}
    where is_control and fault is null

),

drugs as (

    select * from {{ ref('int_control_drug') }}

),

final as (

    select distinct
        prescriptions.hadm_id,
        drugs.exposure,
        prescriptions.started_at,
        prescriptions.ended_at
    from prescriptions
    inner join drugs
        on prescriptions.drug = drugs.drug and prescriptions.route = drugs.route
    where
        prescriptions.ended_at >= prescriptions.started_at
        and not {{ is_impossible_time('prescriptions.started_at') }}
        and not {{ is_impossible_time('prescriptions.ended_at') }}

)

select * from final
