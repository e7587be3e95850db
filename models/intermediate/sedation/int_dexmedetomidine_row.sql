{{ config(materialized='view') }}

/*
Grain       one row per running stretch of dexmedetomidine at one rate
Definition  rows with a rate above 0 that end after they start; rate in mcg/kg/h
Source      seed infusion_item. Amounts come in mcg and mg and are not used: the rate carries the dose
*/
with

infusions as (

    select * from {{ ref('int_infusion') }}
    where drug = 'dexmedetomidine'

),

final as (

    select
        stay_id,
        orderid,
        started_at,
        ended_at,
        rate as rate_mcg_kg_h,
        rate_unit
    from infusions
    where rate > 0 and ended_at > started_at

)

select * from final
