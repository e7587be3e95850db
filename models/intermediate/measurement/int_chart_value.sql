/*
Grain       one row per charted observation that the study uses
Definition  the only scan of chartevents: items of the seed chart_item, implausible numbers left out
Source      seed chart_item (ranges of mimic-code vitalsign, gcs, bg, weight_durations, ventilator_setting, oxygen_delivery)
*/
with

observations as (

    select * from {{ ref('stg_mimic__chartevents') }}

),

items as (

    select * from {{ ref('chart_item') }}

),

final as (

    select
        observations.subject_id,
        observations.stay_id,
        observations.measured_at,
        items.concept,
        observations.value,
        case when items.keeps_text then observations.value_text end as value_text,
        -- only text items are ordered by the time of storage
        case when items.keeps_text then observations.stored_at end as stored_at
    from observations
    inner join items
        on observations.itemid = items.itemid
    where
        items.keeps_null
        or (items.keeps_text and observations.value_text is not null)
        or (
            not items.keeps_text
            and observations.value is not null
            and (items.value_above is null or observations.value > items.value_above)
            and (items.value_below is null or observations.value < items.value_below)
            and (items.value_at_most is null or observations.value <= items.value_at_most)
        )

)

select * from final
