/*
Grain       one row per specimen and concept
Definition  the only scan of labevents: items of the seed lab_item, implausible numbers left out, highest value if a
            specimen has several
Source      seed lab_item (ranges of mimic-code chemistry, complete_blood_count, coagulation, enzyme, bg)
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
        max(results.subject_id) as subject_id,
        max(results.hadm_id) as hadm_id,
        max(results.measured_at) as measured_at,
        max(results.value) as value,
        max(case when items.keeps_text then {{ byte_order('results.value_text') }} end) as value_text
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
    group by results.specimen_id, items.concept

)

select * from final
