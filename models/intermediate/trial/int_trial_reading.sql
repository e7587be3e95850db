/*
Grain       one row per ICU stay that may come into the trial, concept, time of measurement, and hour of the clock in which a
            row of it was entered
Definition  what was known of the measurement at the end of that hour (known_hr counts from the stay's first full hour): rows
            of one kind charted at one time are averaged as far as they are entered; of several code statuses the one that
            limits most counts. What is composed (GCS, gas, urine, support) is known when the last of its parts is.
            What was entered more than trial_known_within_h after it was measured tells nothing of the patient as he is then
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

timely as (

    select
        charted.stay_id,
        charted.concept,
        charted.measured_at,
        {{ clock_hour('charted.known_at') }} - bounds.first_hour as known_hr,
        charted.value
    from charted
    inner join bounds
        on
            charted.stay_id = bounds.stay_id
            -- what became known later is dropped before anything is sorted
            and {{ clock_hour('charted.known_at') }} - bounds.first_hour <= bounds.last_screened_hr + {{ var('trial_grace_h') }}
    where charted.known_at <= {{ add_hours('charted.measured_at', var('trial_known_within_h')) }}

),

summed as (

    select
        stay_id,
        concept,
        measured_at,
        known_hr,
        -- INR has no bound in lab_item: an absurd one must not break the sum
        sum({{ billionths(within_billions('value')) }}) as billionths,
        count(value) as n_values
    from timely
    group by stay_id, concept, measured_at, known_hr

),

-- in each hour in which a row is entered, the mean of those entered so far
averaged as (

    select
        stay_id,
        concept,
        measured_at,
        known_hr,
        sum(billionths) over (
            partition by stay_id, concept, measured_at order by known_hr rows unbounded preceding
        ) / (
            cast(sum(n_values) over (
                partition by stay_id, concept, measured_at order by known_hr rows unbounded preceding
            ) as {{ double() }}) * {{ billion() }}
        ) as value
    from summed

),

composed as (

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

final as (

    select * from averaged

    union all

    select
        composed.stay_id,
        composed.concept,
        composed.measured_at,
        {{ clock_hour('composed.known_at') }} - bounds.first_hour as known_hr,
        composed.value
    from composed
    inner join bounds
        on
            composed.stay_id = bounds.stay_id
            and {{ clock_hour('composed.known_at') }} - bounds.first_hour <= bounds.last_screened_hr + {{ var('trial_grace_h') }}
    where composed.known_at <= {{ add_hours('composed.measured_at', var('trial_known_within_h')) }}

)

select * from final
