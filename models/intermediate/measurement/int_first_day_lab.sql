/*
Grain       one row per ICU stay with a laboratory value in the first-day window
Definition  lowest and highest value of each concept of lab_concepts(), of the patient in the first-day window
Source      mimic-code first_day_lab
*/
with

labs as (

    select * from {{ ref('int_first_day_lab_row') }}

),

final as (

    select
        stay_id,
        {% for concept in lab_concepts() -%}
        min(case when concept = '{{ concept }}' then value end) as {{ concept }}_min,
        max(case when concept = '{{ concept }}' then value end) as {{ concept }}_max,
        {% endfor -%}
        count(*) as value_count
    from labs
    group by stay_id

)

select * from final
