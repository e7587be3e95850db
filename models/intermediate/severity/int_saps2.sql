/*
Grain       one row per ICU stay
Definition  Simplified Acute Physiology Score II of the first saps_window_h after ICU admission; the points of a missing
            item are NULL and count 0
Source      Le Gall 1993; mimic-code sapsii
Deviation   none: only the admission type ELECTIVE counts as scheduled surgery, and values are read by patient, as there
*/
{%- set items = [
    'age', 'heart_rate', 'sbp', 'temperature', 'pao2fio2', 'urine', 'bun', 'wbc', 'potassium', 'sodium', 'bicarbonate',
    'bilirubin', 'gcs', 'comorbidity', 'admission'
] %}
with

urine_output as (

    select * from {{ ref('int_urine_output') }}

),

gcs as (

    select * from {{ ref('int_gcs') }}

),

observations as (

    select * from {{ ref('int_chart_value') }}

),

arterial_ratio as (

    select * from {{ ref('int_arterial_ratio') }}

),

comorbidities as (

    select * from {{ ref('int_comorbidity') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

vitals as (

    select
        stay_id,
        min(heart_rate) as heart_rate_min,
        max(heart_rate) as heart_rate_max,
        min(sbp) as sbp_min,
        max(sbp) as sbp_max,
        max(temperature_c) as temperature_max
    from {{ ref('int_first_day_vital_row') }}
    where
        measured_at > icu_admitted_at
        and measured_at <= {{ add_hours('icu_admitted_at', var('saps_window_h')) }}
    group by stay_id

),

labs as (

    select
        stay_id,
        max(case when concept = 'bun' then value end) as bun_max,
        min(case when concept = 'wbc' then value end) as wbc_min,
        max(case when concept = 'wbc' then value end) as wbc_max,
        min(case when concept = 'potassium' then value end) as potassium_min,
        max(case when concept = 'potassium' then value end) as potassium_max,
        min(case when concept = 'sodium' then value end) as sodium_min,
        max(case when concept = 'sodium' then value end) as sodium_max,
        min(case when concept = 'bicarbonate' then value end) as bicarbonate_min,
        max(case when concept = 'bilirubin' then value end) as bilirubin_max
    from {{ ref('int_first_day_lab_row') }}
    where
        measured_at > icu_admitted_at
        and measured_at <= {{ add_hours('icu_admitted_at', var('saps_window_h')) }}
    group by stay_id

),

urine as (

    select
        stays.stay_id,
        {{ exact_sum('urine.urine_ml') }} as urine_ml
    from stays
    inner join urine_output as urine
        on
            stays.stay_id = urine.stay_id
            and urine.measured_at > stays.icu_admitted_at
            and urine.measured_at <= {{ add_hours('stays.icu_admitted_at', var('saps_window_h')) }}
    group by stays.stay_id

),

coma as (

    select
        stays.stay_id,
        min(gcs.gcs) as gcs_min
    from stays
    inner join gcs
        on
            stays.stay_id = gcs.stay_id
            and gcs.measured_at > stays.icu_admitted_at
            and gcs.measured_at <= {{ add_hours('stays.icu_admitted_at', var('saps_window_h')) }}
    group by stays.stay_id

),

cpap_rows as (

    select
        stays.subject_id,
        stays.stay_id,
        stays.icu_admitted_at,
        min(observations.measured_at) as first_at,
        max(observations.measured_at) as last_at
    from stays
    inner join observations
        on
            stays.stay_id = observations.stay_id
            and observations.measured_at > stays.icu_admitted_at
            and observations.measured_at <= {{ add_hours('stays.icu_admitted_at', var('saps_window_h')) }}
    where
        observations.concept = 'oxygen_device'
        and (
            {%- for text in var('saps_cpap_text') %}
            {{ 'or ' if not loop.first }}{{ holds(lower_case('observations.value_text'), text_literal(text)) }}
            {%- endfor %}
        )
    group by stays.subject_id, stays.stay_id, stays.icu_admitted_at

),

cpap as (

    select
        subject_id,
        case
            when {{ add_hours('first_at', -1 * var('cpap_before_h')) }} > icu_admitted_at
                then {{ add_hours('first_at', -1 * var('cpap_before_h')) }}
            else icu_admitted_at
        end as started_at,
        case
            when
                {{ add_hours('last_at', var('cpap_after_h')) }} < {{ add_hours('icu_admitted_at', var('saps_window_h')) }}
                then {{ add_hours('last_at', var('cpap_after_h')) }}
            else {{ add_hours('icu_admitted_at', var('saps_window_h')) }}
        end as ended_at
    from cpap_rows

),

ratios as (

    select
        stays.stay_id,
        min(ratios.pao2fio2_mmhg) as pao2fio2_min
    from stays
    inner join arterial_ratio as ratios
        on
            stays.stay_id = ratios.stay_id
            and ratios.measured_at > stays.icu_admitted_at
            and ratios.measured_at <= {{ add_hours('stays.icu_admitted_at', var('saps_window_h')) }}
    left join cpap
        on
            stays.subject_id = cpap.subject_id
            and ratios.measured_at > cpap.started_at
            and ratios.measured_at <= cpap.ended_at
    where ratios.is_ventilated_before = 1 or cpap.subject_id is not null
    group by stays.stay_id

),

services as (

    select
        hadm_id,
        service,
        row_number() over (partition by hadm_id order by transferred_at nulls first, {{ byte_order('service') ~ nulls_last() }})
            as service_seq
    from {{ ref('stg_mimic__services') }}

),

points as (

    select
        stays.stay_id,
        case
            {{- points_when('stays.age_years', '>=', var('saps_age_at_least_years')) }}
            when stays.age_years is not null then 0
        end as age_points,
        case
            {{- points_when('vitals.heart_rate_min', '<', var('saps_heart_rate_min_below')) }}
            {{- points_when('vitals.heart_rate_max', '>=', var('saps_heart_rate_max_at_least')) }}
            {{- points_when('vitals.heart_rate_min', '<', var('saps_heart_rate_low_below')) }}
            when vitals.heart_rate_max is not null then 0
        end as heart_rate_points,
        case
            {{- points_when('vitals.sbp_min', '<', var('saps_sbp_min_below_mmhg')) }}
            {{- points_when('vitals.sbp_max', '>=', var('saps_sbp_max_at_least_mmhg')) }}
            when vitals.sbp_min is not null then 0
        end as sbp_points,
        case
            {{- points_when('vitals.temperature_max', '>=', var('saps_temperature_at_least_c')) }}
            when vitals.temperature_max is not null then 0
        end as temperature_points,
        case
            {{- points_when('ratios.pao2fio2_min', '<', var('saps_pao2fio2_below')) }}
            when ratios.pao2fio2_min is not null then {{ var('saps_pao2fio2_otherwise_points') }}
        end as pao2fio2_points,
        case
            {{- points_when('urine.urine_ml', '<', var('saps_urine_below_ml')) }}
            when urine.urine_ml is not null then 0
        end as urine_points,
        case
            {{- points_when('labs.bun_max', '>=', var('saps_bun_at_least_mg_dl')) }}
            when labs.bun_max is not null then 0
        end as bun_points,
        case
            {{- points_when('labs.wbc_min', '<', var('saps_wbc_min_below_k_ul')) }}
            {{- points_when('labs.wbc_max', '>=', var('saps_wbc_max_at_least_k_ul')) }}
            when labs.wbc_max is not null then 0
        end as wbc_points,
        case
            {{- points_when('labs.potassium_min', '<', var('saps_potassium_min_below')) }}
            {{- points_when('labs.potassium_max', '>=', var('saps_potassium_max_at_least')) }}
            when labs.potassium_max is not null then 0
        end as potassium_points,
        case
            {{- points_when('labs.sodium_min', '<', var('saps_sodium_min_below')) }}
            {{- points_when('labs.sodium_max', '>=', var('saps_sodium_max_at_least')) }}
            when labs.sodium_max is not null then 0
        end as sodium_points,
        case
            {{- points_when('labs.bicarbonate_min', '<', var('saps_bicarbonate_min_below')) }}
            when labs.bicarbonate_min is not null then 0
        end as bicarbonate_points,
        case
            {{- points_when('labs.bilirubin_max', '>=', var('saps_bilirubin_at_least_mg_dl')) }}
            when labs.bilirubin_max is not null then 0
        end as bilirubin_points,
        case
            when coma.gcs_min < {{ var('saps_gcs_valid_min') }} then null
            {{- points_when('coma.gcs_min', '<', var('saps_gcs_below')) }}
            when coma.gcs_min is not null then 0
        end as gcs_points,
        case
            when comorbidities.saps_aids = 1 then {{ var('saps_aids_points') }}
            when comorbidities.saps_hematologic = 1 then {{ var('saps_hematologic_points') }}
            when comorbidities.saps_metastatic = 1 then {{ var('saps_metastatic_points') }}
            else 0
        end as comorbidity_points,
        case
            when
                {{ lower_case('services.service') }} like '%surg%'
                and {{ same_text('stays.admission_type', text_literal(var('saps_elective_admission_type'))) }}
                then 0
            when {{ lower_case('services.service') }} like '%surg%' then {{ var('saps_unscheduled_surgical_points') }}
            else {{ var('saps_medical_points') }}
        end as admission_points
    from stays
    left join vitals
        on stays.stay_id = vitals.stay_id
    left join labs
        on stays.stay_id = labs.stay_id
    left join urine
        on stays.stay_id = urine.stay_id
    left join coma
        on stays.stay_id = coma.stay_id
    left join ratios
        on stays.stay_id = ratios.stay_id
    left join comorbidities
        on stays.hadm_id = comorbidities.hadm_id
    left join services
        on stays.hadm_id = services.hadm_id and services.service_seq = 1

),

final as (

    select
        points.*,
        {% for item in items -%}
        {{ '+ ' if not loop.first }}coalesce({{ item }}_points, 0)
        {%- endfor %} as saps2
    from points

)

select * from final
