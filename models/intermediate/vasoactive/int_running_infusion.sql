{{ config(materialized='view') }}

/*
Grain       one row per stretch of an infusion at one rate
Definition  what of int_infusion runs: it ends after it starts, lies in its stay and has a rate above 0
Source      docs/DECISIONS.md, infusions
*/
with

infusions as (

    select * from {{ ref('int_infusion') }}

),

final as (

    select
        stay_id,
        drug,
        reading,
        orderid,
        started_at,
        ended_at,
        rate,
        rate_unit,
        charted_rate_unit,
        weight_kg
    from infusions
    where is_running

)

select * from final
