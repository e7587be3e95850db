/*
Grain       one row per laboratory result of an item that the study uses
Definition  the only scan of labevents: items of the seed lab_item. A number that cannot be used is set to NULL and
            `fault` says why
Source      seed lab_item (ranges of mimic-code chemistry, complete_blood_count, coagulation, enzyme, bg)
*/
with

results as (

    select * from {{ ref('stg_mimic__labevents') }}

),

items as (

    select * from {{ ref('lab_item') }}

),

judged as (

    select
        results.specimen_id,
        items.concept,
        results.subject_id,
        results.hadm_id,
        results.measured_at,
        results.value as reported_value,
        items.keeps_text,
        case when items.keeps_text then results.value_text end as value_text,
        case
            when {{ is_impossible_time('results.measured_at') }} then 'impossible time'
            when items.keeps_text then null
            when results.value is null then 'no number'
            when not {{ is_finite('results.value') }} then 'not finite'
            when results.value <= items.value_above or results.value > items.value_at_most then 'implausible'
        end as fault,
        not items.keeps_text and {{ is_other_unit('results.unit', 'items.unit') }} as is_other_unit
    from results
    inner join items
        on results.itemid = items.itemid

),

final as (

    select
        specimen_id,
        concept,
        subject_id,
        hadm_id,
        measured_at,
        case when fault is null and not keeps_text then reported_value end as value,
        case when fault is null then value_text end as value_text,
        fault,
        is_other_unit
    from judged

)

select * from final
