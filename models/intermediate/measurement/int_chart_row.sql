/*
Grain       one row per charted observation of an item that the study uses
Definition  the only scan of chartevents: items of the seed chart_item. A number that cannot be used is set to NULL and
            `fault` says why; is_used: the row has a value, or its time matters by itself (keeps_null). A row that lies
            outside the calendar or its stay is none of the stay: as the last heart rate it would lengthen the stay's
            hours by a year. A row under another patient's stay is nobody's
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

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

judged as (

    select
        observations.subject_id,
        observations.stay_id,
        observations.measured_at,
        items.concept,
        items.keeps_null,
        observations.value as charted_value,
        case
            when {{ is_impossible_time('observations.measured_at') }} then 'impossible time'
            when observations.subject_id <> bounds.subject_id then 'another patient'
            when {{ is_outside_stay('observations.measured_at') }} then 'outside stay'
            when observations.value is null and observations.value_text is not null and not items.keeps_text then 'no number'
            when observations.value is null then null
            when not {{ is_finite('observations.value') }} then 'not finite'
            when
                observations.value <= items.value_above
                or observations.value >= items.value_below
                or observations.value > items.value_at_most
                then 'implausible'
        end as fault,
        case when items.keeps_text then observations.value_text end as value_text,
        observations.stored_at,
        not items.keeps_text and {{ is_other_unit('observations.unit', 'items.unit') }} as is_other_unit
    from observations
    inner join items
        on observations.itemid = items.itemid
    left join bounds
        on observations.stay_id = bounds.stay_id
    {{ computed_once() }}

),

valued as (

    select
        judged.*,
        case when fault is null then charted_value end as value
    from judged

),

final as (

    select
        subject_id,
        stay_id,
        measured_at,
        -- short columns first, and what its many readers look for: PostgreSQL pads each column to its width, and unpacks
        -- a row up to the last one it needs
        {{ is_of_stay('fault') }}
        and (keeps_null or value is not null or value_text is not null) as is_used,
        is_other_unit,
        concept,
        value,
        stored_at,
        value_text,
        fault
    from valued

)

select * from final
