/*
Grain       one row per ICU stay and time at which urine was charted
Definition  urine in mL; irrigation fluid that went in counts as negative; an infinite volume or NaN is none, nor
            is one outside the calendar
Source      mimic-code urine_output; seed output_item
*/
with

outputs as (

    select * from {{ ref('stg_mimic__outputevents') }}

),

items as (

    select * from {{ ref('output_item') }}
    where concept = 'urine'

),

final as (

    select
        outputs.stay_id,
        outputs.measured_at,
        {{ exact_sum('case when outputs.volume_ml > 0 then items.sign * outputs.volume_ml else outputs.volume_ml end') }}
            as urine_ml
    from outputs
    inner join items
        on outputs.itemid = items.itemid
    where
        (outputs.volume_ml is null or {{ is_finite('outputs.volume_ml') }})
        and not {{ is_impossible_time('outputs.measured_at') }}
    group by outputs.stay_id, outputs.measured_at

)

select * from final
