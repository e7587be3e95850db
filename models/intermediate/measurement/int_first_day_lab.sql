/*
Grain       one row per ICU stay with a laboratory value in the first-day window
Definition  lowest and highest laboratory values of the patient in the first-day window
Source      mimic-code first_day_lab
Deviation   only the values that the study uses
*/
{%- set concepts = [
    'hematocrit', 'hemoglobin', 'platelets', 'wbc', 'anion_gap', 'bicarbonate', 'bun', 'creatinine', 'glucose', 'sodium',
    'potassium', 'inr', 'pt', 'bilirubin'
] %}
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

labs as (

    select * from {{ ref('int_lab_value') }}

),

final as (

    select
        stays.stay_id,
        {% for concept in concepts -%}
        min(case when labs.concept = '{{ concept }}' then labs.value end) as {{ concept }}_min,
        max(case when labs.concept = '{{ concept }}' then labs.value end) as {{ concept }}_max,
        {% endfor -%}
        count(*) as value_count
    from stays
    inner join labs
        on
            stays.subject_id = labs.subject_id
            and {{ within_first_day('labs.measured_at', 'stays.icu_admitted_at') }}
    group by stays.stay_id

)

select * from final
