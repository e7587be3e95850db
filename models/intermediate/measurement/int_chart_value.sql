{{ config(materialized='view') }}

/*
Grain       one row per charted observation that the study uses
Definition  what of int_chart_row can be used
Source      seed chart_item
*/
with

rows_of_items as (

    select * from {{ ref('int_chart_row') }}

),

final as (

    select
        subject_id,
        stay_id,
        measured_at,
        concept,
        value,
        value_text,
        stored_at
    from rows_of_items
    where is_used

)

select * from final
