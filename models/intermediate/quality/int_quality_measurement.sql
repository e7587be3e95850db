{{ config(materialized='view') }}

/*
Grain       one row per check and, where it is about items, per concept that occurs
Definition  how many rows of what was measured are faulty: observations, results, cultures, urine
Source      ranges of the seeds chart_item and lab_item; quality_* vars
*/
with

chart_rows as (

    select * from {{ ref('int_chart_row') }}

),

weights as (

    select
        concept,
        value,
        row_number() over (partition by concept, stay_id, measured_at, value order by stored_at) as charting_seq
    from {{ ref('int_chart_row') }}
    where concept in ('weight_admit', 'weight_daily') and is_used

),

lab_rows as (

    select * from {{ ref('int_lab_row') }}
    where concept not in ({{ text_literals(control_lab_concepts()) }})

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

usable_labs as (

    select * from {{ ref('int_lab_value') }}
    where value is not null

),

first_day_labs as (

    select
        labs.concept,
        labs.hadm_id
    from stays
    inner join usable_labs as labs
        on
            stays.subject_id = labs.subject_id
            and {{ within_first_day('labs.measured_at', 'stays.icu_admitted_at') }}

),

cultures as (

    select
        '' as concept,
        *
    from {{ ref('int_culture') }}

),

urine as (

    select
        '' as concept,
        *
    from {{ ref('int_urine_row') }}

),

first_day_urine as (

    select
        '' as concept,
        is_negative
    from {{ ref('int_first_day_urine') }}

),

final as (

    {{ count_faults('chart_rows', {
        'chart_value_implausible': "fault = 'implausible'",
        'chart_value_not_finite': "fault = 'not finite'",
        'chart_unit_unknown': "is_other_unit",
        'chart_value_without_number': "fault = 'no number'",
        'chart_time_impossible': "fault = 'impossible time'",
        'chart_outside_stay': "fault = 'outside stay'",
        'chart_of_another_patient': "fault = 'another patient'",
    }) }}

    union all

    {{ count_faults('weights', {
        'weight_implausible': "value < " ~ var('quality_weight_min_kg') ~ " or value > " ~ var('quality_weight_max_kg'),
        'weight_charted_twice': "charting_seq > 1",
    }) }}

    union all

    {{ count_faults('lab_rows', {
        'lab_value_implausible': "fault = 'implausible'",
        'lab_value_not_finite': "fault = 'not finite'",
        'lab_value_without_number': "fault = 'no number'",
        'lab_value_negative': "value < 0",
        'lab_unit_unknown': "is_other_unit",
        'lab_time_impossible': "measured_at is null or fault = 'impossible time'",
        'lab_item_unknown': "fault = 'unknown item'",
        'lab_of_another_patient': "fault = 'another patient'",
        'lab_outside_admission': "is_outside_admission",
    }) }}

    union all

    {{ count_faults('first_day_labs', {
        'lab_without_admission': "hadm_id is null",
    }) }}

    union all

    {{ count_faults('cultures', {
        'culture_without_time': "cultured_at is null",
        'culture_time_impossible': is_impossible_time('cultured_on') ~ " or " ~ is_impossible_time('cultured_at'),
        'culture_of_another_patient': "fault = 'another patient'",
        'culture_screening': "is_screening = 1",
    }) }}

    union all

    {{ count_faults('urine', {
        'urine_not_finite': "fault = 'not finite'",
        'urine_negative': "charted_ml < 0",
        'urine_implausible': "charted_ml > " ~ var('quality_urine_max_ml') ~ " and coalesce(fault, '') <> 'not finite'",
        'urine_time_impossible': "fault = 'impossible time'",
        'urine_outside_stay': "fault = 'outside stay'",
        'urine_of_another_patient': "fault = 'another patient'",
    }) }}

    union all

    {{ count_faults('first_day_urine', {
        'urine_first_day_negative': "is_negative",
    }) }}

)

select * from final
