/*
Grain       one row per ICU stay, charting stay and time in the first-day window
Definition  vital signs charted at one time, several of a kind averaged; rows of the patient's other stays in the window
            are kept and marked, because SAPS II reads by patient
Source      mimic-code vitalsign
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

observations as (

    select * from {{ ref('int_chart_value') }}
    where concept in ('heart_rate', 'sbp', 'map', 'resp_rate', 'temperature_c', 'temperature_f', 'spo2', 'glucose')

),

final as (

    select
        stays.stay_id,
        stays.icu_admitted_at,
        observations.stay_id as charting_stay_id,
        observations.measured_at,
        {{ exact_mean("case when observations.concept = 'heart_rate' then observations.value end") }} as heart_rate,
        {{ exact_mean("case when observations.concept = 'sbp' then observations.value end") }} as sbp,
        {{ exact_mean("case when observations.concept = 'map' then observations.value end") }} as map,
        {{ exact_mean("case when observations.concept = 'resp_rate' then observations.value end") }} as resp_rate,
        {{ rounded(exact_mean(
            "case observations.concept when 'temperature_f' then (observations.value - 32) / 1.8"
            ~ " when 'temperature_c' then observations.value end"
        ), 2) }} as temperature_c,
        {{ exact_mean("case when observations.concept = 'spo2' then observations.value end") }} as spo2,
        {{ exact_mean("case when observations.concept = 'glucose' then observations.value end") }} as glucose
    from stays
    inner join observations
        on
            stays.subject_id = observations.subject_id
            and {{ within_first_day('observations.measured_at', 'stays.icu_admitted_at') }}
    group by stays.stay_id, stays.icu_admitted_at, observations.stay_id, observations.measured_at

)

select * from final
