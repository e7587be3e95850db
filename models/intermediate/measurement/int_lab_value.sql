{{ config(materialized='view') }}

/*
Grain       one row per laboratory result that the study uses
Definition  what of int_lab_row can be used; what is read for negative controls alone is left out (int_control_lab)
Source      seed lab_item
Deviation   a specimen may have several results of one kind, of which mimic-code takes the highest. Those who read this
            do so after they have chosen their specimens: far fewer rows to group than here
*/
with

rows_of_items as (

    select * from {{ ref('int_lab_row') }}

),

final as (

    select
        specimen_id,
        concept,
        subject_id,
        hadm_id,
        measured_at,
        stored_at,
        value,
        value_text
    from rows_of_items
    where
        (value is not null or value_text is not null)
        and concept not in ({{ text_literals(control_lab_concepts()) }})

)

select * from final
