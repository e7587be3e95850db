/*
Grain       one row per laboratory result of an item that the study uses
Definition  the only scan of labevents: items of the seed lab_item, and items that have the name and the fluid of one of
            them, which are not used. A number that cannot be used is set to NULL and `fault` says why. A result under
            another patient's admission is nobody's
Source      seed lab_item (ranges of mimic-code chemistry, complete_blood_count, coagulation, enzyme, bg)
*/
with

results as (

    select * from {{ ref('stg_mimic__labevents') }}

),

items as (

    select * from {{ ref('lab_item') }}

),

dictionary as (

    select
        itemid,
        {{ lower_case(trimmed('label')) }} as label,
        {{ lower_case(trimmed('fluid')) }} as fluid
    from {{ ref('stg_mimic__d_labitems') }}

),

left_unread as (

    select word
    from {{ ref('known_unread') }}
    where vocabulary = 'lab_item'

),

-- one test may go by several numbers: a number that the seed lacks must not pass without a word
namesakes as (

    select
        others.itemid,
        min(items.concept) as concept
    from items
    left join dictionary as named
        on items.itemid = named.itemid
    inner join dictionary as others
        on
            {{ lower_case(trimmed('items.label')) }} = others.label
            and coalesce(others.fluid = named.fluid, true)
    left join items as listed
        on others.itemid = listed.itemid
    left join left_unread
        on cast(others.itemid as {{ text() }}) = left_unread.word
    where listed.itemid is null and left_unread.word is null and not items.keeps_text
    group by others.itemid

),

searched as (

    select
        itemid,
        concept,
        unit,
        value_above,
        value_at_most,
        keeps_text,
        true as is_listed
    from items

    union all

    select
        itemid,
        concept,
        cast(null as {{ text() }}) as unit,
        null as value_above,
        null as value_at_most,
        false as keeps_text,
        false as is_listed
    from namesakes

),

admissions as (

    select
        hadm_id,
        subject_id,
        {{ add_hours('hospital_admitted_at', -1 * var('stay_margin_h')) }} as earliest_at,
        case
            when hospital_discharged_at >= hospital_admitted_at
                then {{ add_hours('hospital_discharged_at', var('stay_margin_h')) }}
        end as latest_at
    from {{ ref('stg_mimic__admissions') }}

),

judged as (

    select
        results.specimen_id,
        searched.concept,
        results.subject_id,
        results.hadm_id,
        results.measured_at,
        results.stored_at,
        results.value as reported_value,
        searched.keeps_text,
        case when searched.keeps_text then results.value_text end as value_text,
        case
            when not searched.is_listed then 'unknown item'
            when {{ is_impossible_time('results.measured_at') }} then 'impossible time'
            when results.subject_id <> admissions.subject_id then 'another patient'
            when searched.keeps_text then null
            when results.value is null then 'no number'
            when not {{ is_finite('results.value') }} then 'not finite'
            when results.value <= searched.value_above or results.value > searched.value_at_most then 'implausible'
        end as fault,
        coalesce(
            results.measured_at < admissions.earliest_at or results.measured_at > admissions.latest_at, false
        ) as is_outside_admission,
        not searched.keeps_text and {{ is_other_unit('results.unit', 'searched.unit') }} as is_other_unit
    from results
    inner join searched
        on results.itemid = searched.itemid
    left join admissions
        on results.hadm_id = admissions.hadm_id
    {{ computed_once() }}

),

final as (

    select
        specimen_id,
        subject_id,
        hadm_id,
        -- short columns first: PostgreSQL pads each to its width
        is_outside_admission,
        is_other_unit,
        concept,
        measured_at,
        stored_at,
        case when fault is null and not keeps_text then reported_value end as value,
        case when fault is null then value_text end as value_text,
        fault
    from judged

)

select * from final
