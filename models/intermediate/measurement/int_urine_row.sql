/*
Grain       one row per charted volume of urine or of the fluid that rinsed it
Definition  the only scan of outputevents: items of the seed output_item; `fault` says why a row is not used.
            Irrigation fluid that went in counts as negative
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

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

final as (

    select
        outputs.stay_id,
        outputs.measured_at,
        outputs.stored_at,
        outputs.volume_ml as charted_ml,
        case
            when not {{ is_finite('outputs.volume_ml') }} then null
            when outputs.volume_ml > 0 then items.sign * outputs.volume_ml
            else outputs.volume_ml
        end as urine_ml,
        case
            when {{ is_impossible_time('outputs.measured_at') }} then 'impossible time'
            when outputs.subject_id <> bounds.subject_id then 'another patient'
            when {{ is_outside_stay('outputs.measured_at') }} then 'outside stay'
            when not {{ is_finite('outputs.volume_ml') }} then 'not finite'
        end as fault
    from outputs
    inner join items
        on outputs.itemid = items.itemid
    left join bounds
        on outputs.stay_id = bounds.stay_id

)

select * from final
