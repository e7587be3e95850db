{{ config(materialized='view') }}

/*
Grain       one row per running stretch of the exposure's drug (var exposure_drug: dexmedetomidine) at one rate
Definition  what of the drug runs; rate in var exposure_rate_unit
Source      seed infusion_item. Amounts come in mcg and mg: where a rate is charted it carries the dose
*/
with

infusions as (

    select * from {{ ref('int_running_infusion') }}
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

)

select * from final
