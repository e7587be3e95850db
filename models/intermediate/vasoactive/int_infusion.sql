/*
Grain       one row per stretch of an infusion at one rate, or per bolus, of a drug that the study uses
Definition  the only scan of inputevents: items of the seed infusion_item; a rate that is infinite or NaN is no rate
Source      seed infusion_item
*/
with

inputs as (

    select * from {{ ref('stg_mimic__inputevents') }}

),

items as (

    select * from {{ ref('infusion_item') }}
    where reading in ('default', 'other_heparin', '{{ var("vasoactive_items") }}')

),

final as (

    select
        inputs.stay_id,
        items.drug,
        items.reading,
        inputs.orderid,
        inputs.started_at,
        inputs.ended_at,
        case when {{ is_finite('inputs.rate') }} then inputs.rate end as rate,
        inputs.rate_unit,
        inputs.amount,
        inputs.amount_unit,
        inputs.weight_kg,
        inputs.rate is not null and not {{ is_finite('inputs.rate') }} as is_rate_not_finite,
        {{ is_other_unit('inputs.rate_unit', 'items.rate_units') }} as is_other_unit
    from inputs
    inner join items
        on inputs.itemid = items.itemid

)

select * from final
