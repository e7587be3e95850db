{{ config(materialized='view') }}

/*
Grain       one row per running stretch of the exposure's drug (var exposure_drug: dexmedetomidine) at one rate
Definition  rows with a rate above 0 that end after they start; rate in var dex_rate_unit
Source      seed infusion_item. Amounts come in mcg and mg and are not used: the rate carries the dose
*/
with

infusions as (

    select * from {{ ref('int_infusion') }}
    where drug = '{{ var("exposure_drug") }}'

),

final as (

    select
        stay_id,
        orderid,
        started_at,
        ended_at,
        rate,
        rate_unit
    from infusions
    where rate > 0 and ended_at > started_at

)

select * from final
