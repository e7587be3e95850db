/*
Grain       one row per check of the seed quality_check and, where it is about items, per concept or drug that occurs
Definition  how many of the rows that the study reads are faulty: one pass over what each scan of a big table kept
Source      ranges of the seeds chart_item and lab_item; quality_* vars
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

infusions as (

    select
        infusions.*,
        stays.icu_admitted_at,
        stays.icu_discharged_at
    from {{ ref('int_infusion') }} as infusions
    left join stays
        on infusions.stay_id = stays.stay_id

),

antibiotics_and_heparin as (

    select * from {{ ref('int_prescription') }}
    where is_antibiotic or is_heparin

),

urine as (

    select
        outputs.measured_at,
        outputs.volume_ml
    from {{ ref('stg_mimic__outputevents') }} as outputs
    inner join {{ ref('output_item') }} as items
        on outputs.itemid = items.itemid
    where items.concept = 'urine'

),

procedures as (

    select
        items.concept,
        procedures.started_at,
        procedures.ended_at
    from {{ ref('stg_mimic__procedureevents') }} as procedures
    inner join {{ ref('procedure_item') }} as items
        on procedures.itemid = items.itemid

),

last_admissions as (

    select
        patients.subject_id,
        patients.died_on,
        max(admissions.hospital_admitted_at) as admitted_at
    from {{ ref('stg_mimic__patients') }} as patients
    inner join {{ ref('stg_mimic__admissions') }} as admissions
        on patients.subject_id = admissions.subject_id
    group by patients.subject_id, patients.died_on

),

weights as (

    select
        concept,
        count(*) as n_charted
    from {{ ref('int_chart_row') }}
    where concept in ('weight_admit', 'weight_daily') and is_used
    group by concept, stay_id, measured_at, value

),

weight_counts as (

    select
        concept,
        sum(n_charted) as n_rows,
        sum(n_charted - 1) as n_repeated
    from weights
    group by concept

),

chart_counts as (

    select
        concept,
        count(*) as n_rows,
        {{ count_of("fault = 'implausible'") }} as n_implausible,
        {{ count_of("fault = 'not finite'") }} as n_not_finite,
        {{ count_of('is_other_unit') }} as n_other_unit,
        {{ count_of("fault = 'no number'") }} as n_without_number,
        {{ count_of("fault = 'impossible time'") }} as n_impossible_time,
        {{ count_of('value < ' ~ var('quality_weight_min_kg') ~ ' or value > ' ~ var('quality_weight_max_kg')) }}
            as n_implausible_weight
    from {{ ref('int_chart_row') }}
    group by concept

),

lab_counts as (

    select
        concept,
        count(*) as n_rows,
        {{ count_of("fault = 'implausible'") }} as n_implausible,
        {{ count_of("fault = 'not finite'") }} as n_not_finite,
        {{ count_of("fault = 'no number'") }} as n_without_number,
        {{ count_of('value < 0') }} as n_negative,
        {{ count_of('is_other_unit') }} as n_other_unit,
        {{ count_of("measured_at is null or fault = 'impossible time'") }} as n_impossible_time
    from {{ ref('int_lab_row') }}
    group by concept

),

stretches as (

    select
        stay_id,
        drug,
        started_at,
        ended_at,
        rate,
        count(*) as n_charted
    from infusions
    where rate > 0
    group by stay_id, drug, started_at, ended_at, rate

),

stretch_counts as (

    select
        drug,
        sum(n_charted) as n_rows,
        sum(n_charted - 1) as n_repeated
    from stretches
    group by drug

),

infusion_counts as (

    select
        drug,
        count(*) as n_rows,
        {{ count_of('is_not_finite') }} as n_not_finite,
        {{ count_of('rate < 0') }} as n_negative,
        {{ count_of('is_other_unit') }} as n_other_unit,
        {{ count_of('rate is null and ended_at > ' ~ add_hours('started_at', var('quality_bolus_max_h'))) }} as n_without_rate,
        -- phenylephrine is also charted in mcg/min, and made mcg/kg/min with the weight
        {{ count_of(
            "rate > 0 and coalesce(weight_kg, 0) <= 0 and (rate_unit like '%/kg/%' or drug = 'phenylephrine')"
        ) }} as n_without_weight,
        {{ count_of(
            'not is_time_impossible and (started_at is null or ended_at is null or ended_at < started_at)'
        ) }} as n_reversed,
        {{ count_of('is_time_impossible') }} as n_impossible_time,
        {{ count_of(
            'started_at > ' ~ add_hours('icu_discharged_at', var('quality_outside_stay_h'))
            ~ ' or ended_at < ' ~ add_hours('icu_admitted_at', -1 * var('quality_outside_stay_h'))
        ) }} as n_outside_stay
    from infusions
    group by drug

),

culture_counts as (

    select
        count(*) as n_rows,
        {{ count_of('cultured_at is null') }} as n_without_time,
        {{ count_of(is_impossible_time('cultured_on') ~ ' or ' ~ is_impossible_time('cultured_at')) }}
            as n_impossible_time
    from {{ ref('int_culture') }}

),

prescription_counts as (

    select
        count(*) as n_rows,
        {{ count_of('stopped_at < started_at') }} as n_reversed,
        {{ count_of('started_at is null') }} as n_without_start,
        {{ count_of(is_impossible_time('started_at')) }} as n_impossible_time
    from antibiotics_and_heparin

),

urine_counts as (

    select
        count(*) as n_rows,
        {{ count_of('not ' ~ is_finite('volume_ml')) }} as n_not_finite,
        {{ count_of('volume_ml < 0') }} as n_negative,
        {{ count_of('volume_ml > ' ~ var('quality_urine_max_ml')) }} as n_implausible,
        {{ count_of(is_impossible_time('measured_at')) }} as n_impossible_time
    from urine

),

procedure_counts as (

    select
        concept,
        count(*) as n_rows,
        {{ count_of('started_at is null or ended_at is null or ended_at < started_at') }} as n_reversed
    from procedures
    group by concept

),

stay_counts as (

    select
        count(*) as n_rows,
        {{ count_of('stays.icu_discharged_at is null') }} as n_without_end,
        {{ count_of(is_impossible_time('stays.icu_admitted_at') ~ ' or ' ~ is_impossible_time('stays.icu_discharged_at')) }}
            as n_impossible_time,
        {{ count_of('grid.stay_id is null') }} as n_without_heart_rate
    from stays
    left join {{ ref('int_hour_grid') }} as grid
        on stays.stay_id = grid.stay_id

),

death_counts as (

    select
        count(*) as n_rows,
        {{ count_of('hospital_died_at < icu_admitted_at') }} as n_before_admission,
        {{ count_of('hospital_died_at > ' ~ add_hours('hospital_discharged_at', var('quality_outside_stay_h'))) }}
            as n_after_discharge,
        {{ count_of('hospital_died_at is null') }} as n_without_time
    from stays
    where died_hospital

),

patient_counts as (

    select
        count(*) as n_rows,
        {{ count_of('died_on < cast(admitted_at as date)') }} as n_before_admission
    from last_admissions
    where died_on is not null

),

counted as (

    select
        'chart_value_implausible' as check_name,
        concept,
        n_rows,
        n_implausible as n_affected
    from chart_counts

    union all

    select
        'chart_value_not_finite' as check_name,
        concept,
        n_rows,
        n_not_finite as n_affected
    from chart_counts

    union all

    select
        'chart_unit_unknown' as check_name,
        concept,
        n_rows,
        n_other_unit as n_affected
    from chart_counts

    union all

    select
        'chart_time_impossible' as check_name,
        concept,
        n_rows,
        n_impossible_time as n_affected
    from chart_counts

    union all

    select
        'weight_implausible' as check_name,
        concept,
        n_rows,
        n_implausible_weight as n_affected
    from chart_counts
    where concept in ('weight_admit', 'weight_daily')

    union all

    select
        'weight_charted_twice' as check_name,
        concept,
        n_rows,
        n_repeated as n_affected
    from weight_counts

    union all

    select
        'chart_value_without_number' as check_name,
        concept,
        n_rows,
        n_without_number as n_affected
    from chart_counts

    union all

    select
        'lab_value_implausible' as check_name,
        concept,
        n_rows,
        n_implausible as n_affected
    from lab_counts

    union all

    select
        'lab_value_not_finite' as check_name,
        concept,
        n_rows,
        n_not_finite as n_affected
    from lab_counts

    union all

    select
        'lab_value_negative' as check_name,
        concept,
        n_rows,
        n_negative as n_affected
    from lab_counts

    union all

    select
        'lab_unit_unknown' as check_name,
        concept,
        n_rows,
        n_other_unit as n_affected
    from lab_counts

    union all

    select
        'lab_value_without_number' as check_name,
        concept,
        n_rows,
        n_without_number as n_affected
    from lab_counts

    union all

    select
        'lab_time_impossible' as check_name,
        concept,
        n_rows,
        n_impossible_time as n_affected
    from lab_counts

    union all

    select
        'rate_not_finite' as check_name,
        drug as concept,
        n_rows,
        n_not_finite as n_affected
    from infusion_counts

    union all

    select
        'rate_negative' as check_name,
        drug as concept,
        n_rows,
        n_negative as n_affected
    from infusion_counts

    union all

    select
        'rate_unit_unknown' as check_name,
        drug as concept,
        n_rows,
        n_other_unit as n_affected
    from infusion_counts

    union all

    select
        'infusion_without_rate' as check_name,
        drug as concept,
        n_rows,
        n_without_rate as n_affected
    from infusion_counts

    union all

    select
        'rate_without_weight' as check_name,
        drug as concept,
        n_rows,
        n_without_weight as n_affected
    from infusion_counts

    union all

    select
        'infusion_reversed' as check_name,
        drug as concept,
        n_rows,
        n_reversed as n_affected
    from infusion_counts

    union all

    select
        'infusion_charted_twice' as check_name,
        drug as concept,
        n_rows,
        n_repeated as n_affected
    from stretch_counts

    union all

    select
        'infusion_time_impossible' as check_name,
        drug as concept,
        n_rows,
        n_impossible_time as n_affected
    from infusion_counts

    union all

    select
        'infusion_outside_stay' as check_name,
        drug as concept,
        n_rows,
        n_outside_stay as n_affected
    from infusion_counts

    union all

    select
        'culture_without_time' as check_name,
        '' as concept,
        n_rows,
        n_without_time as n_affected
    from culture_counts

    union all

    select
        'culture_time_impossible' as check_name,
        '' as concept,
        n_rows,
        n_impossible_time as n_affected
    from culture_counts

    union all

    select
        'prescription_reversed' as check_name,
        '' as concept,
        n_rows,
        n_reversed as n_affected
    from prescription_counts

    union all

    select
        'prescription_without_start' as check_name,
        '' as concept,
        n_rows,
        n_without_start as n_affected
    from prescription_counts

    union all

    select
        'prescription_time_impossible' as check_name,
        '' as concept,
        n_rows,
        n_impossible_time as n_affected
    from prescription_counts

    union all

    select
        'urine_time_impossible' as check_name,
        '' as concept,
        n_rows,
        n_impossible_time as n_affected
    from urine_counts

    union all

    select
        'urine_not_finite' as check_name,
        '' as concept,
        n_rows,
        n_not_finite as n_affected
    from urine_counts

    union all

    select
        'urine_negative' as check_name,
        '' as concept,
        n_rows,
        n_negative as n_affected
    from urine_counts

    union all

    select
        'urine_implausible' as check_name,
        '' as concept,
        n_rows,
        n_implausible as n_affected
    from urine_counts

    union all

    select
        'procedure_reversed' as check_name,
        concept,
        n_rows,
        n_reversed as n_affected
    from procedure_counts

    union all

    select
        'stay_without_end' as check_name,
        '' as concept,
        n_rows,
        n_without_end as n_affected
    from stay_counts

    union all

    select
        'stay_time_impossible' as check_name,
        '' as concept,
        n_rows,
        n_impossible_time as n_affected
    from stay_counts

    union all

    select
        'stay_without_heart_rate' as check_name,
        '' as concept,
        n_rows,
        n_without_heart_rate as n_affected
    from stay_counts

    union all

    select
        'death_before_admission' as check_name,
        '' as concept,
        n_rows,
        n_before_admission as n_affected
    from death_counts

    union all

    select
        'death_after_discharge' as check_name,
        '' as concept,
        n_rows,
        n_after_discharge as n_affected
    from death_counts

    union all

    select
        'death_without_time' as check_name,
        '' as concept,
        n_rows,
        n_without_time as n_affected
    from death_counts

    union all

    select
        'death_date_before_admission' as check_name,
        '' as concept,
        n_rows,
        n_before_admission as n_affected
    from patient_counts

),

final as (

    select
        counted.check_name,
        counted.concept,
        counted.n_rows,
        counted.n_affected
    from counted
    inner join {{ ref('quality_check') }} as checks
        on counted.check_name = checks.check_name

)

select * from final
