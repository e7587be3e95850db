/*
Grain       one row per ICU stay and hour of its grid; of the lead hours those with a measurement
Definition  the hour's worst measurements and the SOFA points of each organ; NULL where nothing was measured
Source      Vincent 1996; mimic-code sofa
Deviation   a stretch at rate 0 or less is none (infusion_reading). A pressor counts only if it runs at the hour's end; any
            rate of epinephrine or norepinephrine gives 3. sofa_pressor: any_in_hour counts it in every hour in which it
            runs. lab_key: patient finds results without hadm_id, which mimic-code's join loses; the points of
            the other key stand beside
*/
{%- set other_key = 'patient' if var('lab_key') == 'admission' else 'admission' %}
{%- set hour_of_end = 'ceil' if var('sofa_pressor') == 'any_in_hour' else 'floor' %}
with

grid as (

    select * from {{ ref('int_hour_grid') }}

),

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

results as (

    select * from {{ ref('int_lab_value') }}
    where concept in ('platelets', 'bilirubin', 'creatinine')

),

pressures as (

    select * from {{ ref('int_map_hour') }}

),

infusions as (

    select
        stay_id,
        drug,
        rate,
        {{ clock_hour('started_at', 'floor') }} + 1 as from_hour,
        -- floor: the last hour whose end it reaches; ceil: the hour in which it ends
        {{ clock_hour('ended_at', hour_of_end) }} as to_hour
    from {{ ref('int_vasoactive_infusion') }}
    where
        drug in ('dopamine', 'epinephrine', 'norepinephrine', 'dobutamine')
        and ended_at > started_at
        and ('{{ var("sofa_pressor") }}' = 'hour_end' or rate > 0)

),

-- the results of a stay by either key
keyed as (

    select
        grid.stay_id,
        results.concept,
        results.specimen_id,
        results.measured_at,
        results.value,
        results.hadm_id = grid.hadm_id as by_admission,
        {{ is_within_admission('results.measured_at') }} as by_patient
    from grid
    inner join bounds
        on grid.stay_id = bounds.stay_id
    inner join results
        on
            bounds.subject_id = results.subject_id
            and (results.hadm_id = grid.hadm_id or ({{ is_within_admission('results.measured_at') }}))

),

-- of several results of a specimen the highest counts
labs as (

    select
        stay_id,
        concept,
        max(measured_at) as measured_at,
        max(case when by_{{ var('lab_key') }} then value end) as value,
        max(case when by_{{ other_key }} then value end) as value_other_key
    from keyed
    group by stay_id, concept, specimen_id

),

-- what was measured, by hour, one row per measurement
measurements as (

    select
        stay_id,
        {{ clock_hour('measured_at') }} as clock_hour,
        concept as measure,
        value,
        value_other_key
    from labs

    union all

    select
        stay_id,
        {{ clock_hour('measured_at') }} as clock_hour,
        case when is_ventilated = 1 then 'pao2fio2_ventilated' else 'pao2fio2_not_ventilated' end as measure,
        pao2fio2_mmhg as value,
        null as value_other_key
    from {{ ref('int_arterial_ratio') }}

    union all

    select
        infusions.stay_id,
        hours.clock_hour,
        infusions.drug as measure,
        infusions.rate as value,
        null as value_other_key
    from infusions
    {{ cross_join_integers('infusions.from_hour', 'infusions.to_hour', 'hours', 'clock_hour') }}

    union all

    select
        stay_id,
        {{ clock_hour('measured_at') }} as clock_hour,
        'gcs' as measure,
        gcs as value,
        null as value_other_key
    from {{ ref('int_gcs') }}

    union all

    select
        stay_id,
        {{ clock_hour('measured_at') }} as clock_hour,
        'urine_day' as measure,
        urine_ml / cast(covered_h as {{ double() }}) * 24 as value,
        null as value_other_key
    from {{ ref('int_urine_day') }}
    where covered_h >= {{ var('urine_day_min_h') }} and covered_h <= {{ var('urine_day_max_h') }}

),

measured as (

    select
        stay_id,
        clock_hour,
        {{ worst_measurements() }},
        min(case when measure = 'platelets' then value_other_key end) as platelets_min_other_key,
        max(case when measure = 'bilirubin' then value_other_key end) as bilirubin_max_other_key,
        max(case when measure = 'creatinine' then value_other_key end) as creatinine_max_other_key
    from measurements
    group by stay_id, clock_hour

),

hours as (

    select
        grid.stay_id,
        hours.hr,
        {{ clock_hour('grid.grid_start') }} + hours.hr as clock_hour
    from grid
    {{ cross_join_integers('grid.first_hr', 'grid.last_hr', 'hours', 'hr') }}

),

final as (

    select
        hours.stay_id,
        hours.hr,
        measured.pao2fio2_not_ventilated,
        measured.pao2fio2_ventilated,
        measured.platelets_min,
        measured.bilirubin_max,
        pressures.map_min,
        measured.dopamine_max,
        measured.epinephrine_max,
        measured.norepinephrine_max,
        measured.dobutamine_max,
        measured.gcs_min,
        measured.creatinine_max,
        measured.urine_ml_day,
        {{ sofa_respiration('pao2fio2_ventilated', 'pao2fio2_not_ventilated') }} as respiration,
        {{ sofa_coagulation('platelets_min') }} as coagulation,
        {{ sofa_liver('bilirubin_max') }} as liver,
        {{ sofa_cardiovascular(
            'map_min', 'dopamine_max', 'epinephrine_max', 'norepinephrine_max', 'dobutamine_max'
        ) }} as cardiovascular,
        {{ sofa_cns('gcs_min') }} as cns,
        {{ sofa_renal('creatinine_max', 'urine_ml_day') }} as renal,
        {{ sofa_coagulation('platelets_min_other_key') }} as coagulation_other_key,
        {{ sofa_liver('bilirubin_max_other_key') }} as liver_other_key,
        {{ sofa_renal('creatinine_max_other_key', 'urine_ml_day') }} as renal_other_key
    from hours
    left join measured
        on hours.stay_id = measured.stay_id and hours.clock_hour = measured.clock_hour
    left join pressures
        on hours.stay_id = pressures.stay_id and hours.clock_hour = pressures.clock_hour
    where hours.hr >= 0 or measured.stay_id is not null or pressures.stay_id is not null

)

select * from final
