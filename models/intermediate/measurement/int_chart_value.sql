/*
Grain       one row per charted observation that the study uses
Definition  the only scan of chartevents: items of the seed chart_item. An implausible number is left out; where the
            time of charting matters by itself (keeps_null) the row stays, without its value
Source      seed chart_item (ranges of mimic-code vitalsign, gcs, bg, weight_durations, ventilator_setting,
            oxygen_delivery)
*/
with

observations as (

    select * from {{ ref('stg_mimic__chartevents') }}

),

items as (

    select * from {{ ref('chart_item') }}

),

judged as (

    select
        observations.subject_id,
        observations.stay_id,
        observations.measured_at,
        items.concept,
        items.keeps_null,
        case
            when
                (items.value_above is null or observations.value > items.value_above)
                and (items.value_below is null or observations.value < items.value_below)
                and (items.value_at_most is null or observations.value <= items.value_at_most)
                then observations.value
        end as value,
        case when items.keeps_text then observations.value_text end as value_text,
        -- only text items are ordered by the time of storage
        case when items.keeps_text then observations.stored_at end as stored_at
    from observations
    inner join items
        on observations.itemid = items.itemid

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
    from judged
    where keeps_null or value is not null or value_text is not null

)

select * from final
