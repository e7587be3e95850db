/*
Grain       one row per laboratory result that the study uses
Definition  the only scan of labevents: items of the seed lab_item, implausible numbers left out
Source      seed lab_item (ranges of mimic-code chemistry, complete_blood_count, coagulation, enzyme, bg)
Deviation   a specimen may have several results of one kind, of which mimic-code takes the highest. Those who read this
            table do so after they have chosen their specimens: far fewer rows to group than here
*/
with

results as (

    select * from {{ ref('stg_mimic__labevents') }}

),

items as (

    select * from {{ ref('lab_item') }}

),

final as (

    select
        results.specimen_id,
        items.concept,
        results.subject_id,
        results.hadm_id,
        results.measured_at,
        results.value,
        case when items.keeps_text then results.value_text end as value_text
    from results
    inner join items
        on results.itemid = items.itemid
    where
        (items.keeps_text and results.value_text is not null)
        or (
            not items.keeps_text
            and results.value is not null
            and (items.value_above is null or results.value > items.value_above)
            and (items.value_at_most is null or results.value <= items.value_at_most)
        )

)

select * from final
