/*
Grain       one row per stretch of an infusion at one rate, or per bolus, of a drug that the study uses
Definition  the only scan of inputevents: items of the seed infusion_item; a number that is infinite or NaN is no
            number, a time outside the calendar is no time
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
        case when not {{ is_impossible_time('inputs.started_at') }} then inputs.started_at end as started_at,
        case when not {{ is_impossible_time('inputs.ended_at') }} then inputs.ended_at end as ended_at,
        case when {{ is_finite('inputs.rate') }} then inputs.rate end as rate,
        inputs.rate_unit,
        case when {{ is_finite('inputs.amount') }} then inputs.amount end as amount,
        inputs.amount_unit,
        case when {{ is_finite('inputs.weight_kg') }} then inputs.weight_kg end as weight_kg,
        not coalesce(
            {{ is_finite('inputs.rate') }}
            and {{ is_finite('inputs.amount') }}
            and {{ is_finite('inputs.weight_kg') }}, true
        ) as is_not_finite,
        coalesce({{ is_impossible_time('inputs.started_at') }} or {{ is_impossible_time('inputs.ended_at') }}, false)
            as is_time_impossible,
        {{ is_other_unit('inputs.rate_unit', 'items.rate_units') }} as is_other_unit
    from inputs
    inner join items
        on inputs.itemid = items.itemid

)

select * from final
