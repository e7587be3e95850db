{{ config(materialized='view') }}

/*
Grain       one row per ICU stay with heparin after ICU admission, in any reading
Definition  has_infusion: a continuous intravenous infusion was running; has_any_icu: any heparin given in the ICU,
            prophylaxis, circuit and device included; has_any_order: heparin prescribed (flushes and dwells apart) and
            not stopped before
Source      Huang 2024, section 2.2; docs/DECISIONS.md, heparin
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

infusions as (

    select * from {{ ref('int_infusion') }}
    where drug = 'heparin' and is_given

),

prescriptions as (

    select * from {{ ref('int_prescription') }}
    where is_heparin and fault is null

),

given as (

    select
        stays.stay_id,
        max(case when infusions.reading = 'default' and infusions.is_running then 1 else 0 end) as has_infusion
    from stays
    inner join infusions
        on
            stays.stay_id = infusions.stay_id
            and infusions.ended_at > stays.icu_admitted_at
    group by stays.stay_id

),

ordered as (

    select distinct stays.stay_id
    from stays
    inner join prescriptions
        on
            stays.hadm_id = prescriptions.hadm_id
            and prescriptions.started_at < stays.icu_discharged_at
            and coalesce(prescriptions.stopped_at, prescriptions.started_at) > stays.icu_admitted_at

),

final as (

    select
        stays.stay_id,
        coalesce(given.has_infusion, 0) = 1 as has_infusion,
        given.stay_id is not null as has_any_icu,
        ordered.stay_id is not null as has_any_order
    from stays
    left join given
        on stays.stay_id = given.stay_id
    left join ordered
        on stays.stay_id = ordered.stay_id
    where given.stay_id is not null or ordered.stay_id is not null

)

select * from final
