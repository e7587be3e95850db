/*
Grain       one row per stretch of an infusion at one rate, or per bolus, of a drug that the study uses
Definition  the only scan of inputevents: items of the seed infusion_item
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
        inputs.rate,
        inputs.rate_unit,
        inputs.amount,
        inputs.amount_unit,
        inputs.weight_kg
    from inputs
    inner join items
        on inputs.itemid = items.itemid

)

select * from final
