/*
Grain       one row per ICU stay that may come into the trial, concept and time of measurement
Definition  what was measured, with the hour of the clock in which it had become known (hr counts from the stay's first
            full hour): the last of its rows was entered in it. Rows of one kind charted at one time are averaged; of
            several code statuses the one that limits most counts. What was entered more than trial_known_within_h after it was
            measured is left out: it tells nothing of the patient as he is then
Source      docs/DECISIONS.md, trial
*/
{%- set vital_signs = ['heart_rate', 'map', 'resp_rate', 'spo2', 'glucose', 'rass', 'weight_admit', 'weight_daily'] %}
{%- set tests = [
    'hematocrit', 'hemoglobin', 'platelets', 'wbc', 'anion_gap', 'bicarbonate', 'bun', 'creatinine', 'sodium', 'potassium',
    'inr', 'pt', 'bilirubin', 'lactate',
] %}
with

bounds as (

    select * from {{ ref('int_trial_candidate') }}

),

code_statuses as (

    select * from {{ ref('code_status') }}

),

charted as (

    select
        charted.stay_id,
        case when charted.concept in ('weight_admit', 'weight_daily') then 'weight' else charted.concept end as concept,
        charted.measured_at,
        {{ later_of('charted.measured_at', 'charted.stored_at') }} as known_at,
        charted.value
    from {{ ref('int_chart_value') }} as charted
    inner join bounds
        on charted.stay_id = bounds.stay_id
    where charted.concept in ({{ text_literals(vital_signs) }}) and charted.value is not null

    union all

    select
        bounds.stay_id,
        results.concept,
        results.measured_at,
        {{ later_of('results.measured_at', 'results.stored_at') }} as known_at,
        results.value
    from {{ ref('int_lab_value') }} as results
    inner join bounds
        on results.subject_id = bounds.subject_id and {{ is_within_admission('results.measured_at') }}
    where results.concept in ({{ text_literals(tests) }}) and results.value is not null

    union all

    select
        stay_id,
        case when is_ventilated then 'pao2fio2_ventilated' else 'pao2fio2_not_ventilated' end as concept,
        measured_at,
        known_at,
        pao2fio2_mmhg as value
    from {{ ref('int_trial_gas') }}

),

averaged as (

    select
        stay_id,
        concept,
        measured_at,
        max(known_at) as known_at,
        {{ exact_mean('value') }} as value
    from charted
    where known_at <= {{ add_hours('measured_at', var('trial_known_within_h')) }}
    group by stay_id, concept, measured_at

),

readings as (

    select * from averaged

    union all

    select
        scores.stay_id,
        'gcs' as concept,
        scores.measured_at,
        scores.known_at,
        cast(scores.gcs as {{ double() }}) as value
    from {{ ref('int_gcs') }} as scores
    inner join bounds
        on scores.stay_id = bounds.stay_id
    where scores.gcs is not null

    union all

    select
        urine.stay_id,
        'urine_day' as concept,
        urine.measured_at,
        urine.known_at,
        urine.urine_ml / cast(urine.covered_h as {{ double() }}) * 24 as value
    from {{ ref('int_urine_day') }} as urine
    inner join bounds
        on urine.stay_id = bounds.stay_id
    where urine.covered_h >= {{ var('urine_day_min_h') }} and urine.covered_h <= {{ var('urine_day_max_h') }}

    union all

    select
        statuses.stay_id,
        'ventilation' as concept,
        statuses.measured_at,
        statuses.known_at,
        cast(case when statuses.status = 'InvasiveVent' then 1 else 0 end as {{ double() }}) as value
    from {{ ref('int_ventilation_status') }} as statuses
    inner join bounds
        on statuses.stay_id = bounds.stay_id

    union all

    select
        charted.stay_id,
        'code_status' as concept,
        charted.measured_at,
        max({{ later_of('charted.measured_at', 'charted.stored_at') }}) as known_at,
        cast(max(code_statuses.limitation) as {{ double() }}) as value
    from {{ ref('int_chart_value') }} as charted
    inner join bounds
        on charted.stay_id = bounds.stay_id
    inner join code_statuses
        on {{ same_text('charted.value_text', 'code_statuses.value_text') }}
    where charted.concept = 'code_status'
    group by charted.stay_id, charted.measured_at

),

timed as (

    select
        readings.stay_id,
        readings.concept,
        readings.measured_at,
        {{ clock_hour('readings.known_at') }} - bounds.first_hour as known_hr,
        readings.value,
        bounds.last_screened_hr
    from readings
    inner join bounds
        on readings.stay_id = bounds.stay_id
    where readings.known_at <= {{ add_hours('readings.measured_at', var('trial_known_within_h')) }}

),

final as (

    select
        stay_id,
        concept,
        measured_at,
        known_hr,
        value
    from timed
    where known_hr <= last_screened_hr + {{ var('trial_grace_h') }}

)

select * from final
