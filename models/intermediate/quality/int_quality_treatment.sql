{{ config(materialized='view') }}

/*
Grain       one row per check and, where it is about items, per drug or procedure that occurs
Definition  how many rows of what was given or done are faulty: infusions, orders, procedures
Source      docs/DECISIONS.md, infusions; quality_* vars
*/
with

infusions as (

    select
        drug as concept,
        *
    from {{ ref('int_infusion') }}

),

exposure_rows as (

    select
        '' as concept,
        rate,
        is_converted
    from {{ ref('int_exposure_row') }}

),

rated_infusions as (

    select
        drug as concept,
        row_number() over (partition by stay_id, drug, started_at, ended_at, rate order by orderid) as charting_seq
    from {{ ref('int_infusion') }}
    where rate > 0

),

prescriptions as (

    select
        '' as concept,
        *
    from {{ ref('int_prescription') }}
    where is_antibiotic or is_heparin

),

procedures as (

    select * from {{ ref('int_procedure_row') }}

),

final as (

    {{ count_faults('infusions', {
        'rate_not_finite': "is_not_finite",
        'rate_negative': "rate < 0",
        'rate_unit_unknown': "is_other_unit",
        'rate_unit_converted': "is_unit_converted",
        'rate_without_weight':
            "rate > 0 and coalesce(weight_kg, 0) <= 0 and (rate_unit like '%/kg/%' or drug = 'phenylephrine')",
        'infusion_rate_from_amount': "is_rate_from_amount",
        'infusion_without_rate': "rate is null and is_longer_than_bolus and fault is null",
        'infusion_bolus': "rate is null and amount > 0 and not is_longer_than_bolus and fault is null",
        'infusion_reversed': "fault = 'reversed'",
        'infusion_empty': "started_at = ended_at and rate > 0 and fault is null",
        'infusion_time_impossible': "fault = 'impossible time'",
        'infusion_outside_stay': "fault = 'outside stay'",
        'infusion_cut': "is_cut",
        'infusion_of_another_patient': "fault = 'another patient'",
    }) }}

    union all

    {{ count_faults('rated_infusions', {
        'infusion_charted_twice': "charting_seq > 1",
    }) }}

    union all

    {{ count_faults('exposure_rows', {
        'exposure_unit_converted': "is_converted",
        'exposure_dose_unknown': "rate is null",
    }) }}

    union all

    {{ count_faults('prescriptions', {
        'prescription_reversed': "stopped_at < started_at",
        'prescription_without_start': "started_at is null",
        'prescription_time_impossible': is_impossible_time('started_at'),
        'prescription_of_another_patient': "fault = 'another patient'",
    }) }}

    union all

    {{ count_faults('procedures', {
        'procedure_reversed': "fault = 'reversed'",
        'procedure_outside_stay': "fault = 'outside stay'",
        'procedure_of_another_patient': "fault = 'another patient'",
    }) }}

)

select * from final
