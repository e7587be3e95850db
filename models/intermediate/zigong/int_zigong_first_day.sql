{{ config(enabled=var('zigong')) }}

/*
Grain       one row per patient with an ICU stay
Definition  the first day: laboratory from first_day_before_h before to first_day_after_h after ICU admission, orders from
            ICU admission on; the lowest value of each test, and the worst for the scores
Source      windows of the main study (vars first_day_*)
*/
{%- set tests = [
    'platelets', 'inr', 'pt', 'bilirubin', 'creatinine', 'bun', 'albumin', 'lactate', 'wbc', 'hemoglobin'
] %}
{%- set drugs = ['propofol', 'midazolam', 'sufentanil', 'remifentanil', 'fentanyl'] %}
{%- set vasopressors = ['norepinephrine', 'epinephrine', 'vasopressin'] %}
with

zigong_lab as (

    select * from {{ ref('int_zigong_lab') }}

),

zigong_order as (

    select * from {{ ref('int_zigong_order') }}

),

stays as (

    select
        patient_id,
        admission_id,
        icu_start_h
    from {{ ref('int_zigong_stay') }}
    where icu_start_h is not null

),

labs as (

    select
        stays.patient_id,
        {%- for test in tests %}
        min(case when labs.concept = '{{ test }}' then labs.value end) as {{ test }}_min,
        {%- endfor %}
        max(case when labs.concept = 'inr' then labs.value end) as inr_max,
        max(case when labs.concept = 'bilirubin' then labs.value end) as bilirubin_max,
        max(case when labs.concept = 'creatinine' then labs.value end) as creatinine_max
    from stays
    inner join zigong_lab as labs
        on
            stays.admission_id = labs.admission_id
            and labs.measured_h >= stays.icu_start_h - {{ var('first_day_before_h') }}
            and labs.measured_h <= stays.icu_start_h + {{ var('first_day_after_h') }}
    group by stays.patient_id

),

orders as (

    select
        stays.patient_id,
        {%- for drug in drugs %}
        max(case when orders.drug = '{{ drug }}' then 1 else 0 end) as {{ drug }}_24h,
        {%- endfor %}
        max(case when orders.drug in ({{ text_literals(vasopressors) }}) then 1 else 0 end) as vasopressor_24h,
        nullif(max(orders.sofa_points), 0) as sofa_points
    from stays
    inner join zigong_order as orders
        on
            stays.patient_id = orders.patient_id
            and orders.ordered_h >= stays.icu_start_h
            and orders.ordered_h <= stays.icu_start_h + {{ var('first_day_intervention_h') }}
    group by stays.patient_id

),
{% if var('zigong_nursing') %}
zigong_nursing as (

    select * from {{ ref('int_zigong_nursing') }}

),

nursing as (

    select
        stays.patient_id,
        {{ exact_mean('nursing.heart_rate') }} as heart_rate_mean,
        {{ exact_mean('nursing.map') }} as map_mean,
        min(nursing.map) as map_min,
        min(nursing.gcs) as gcs_min
    from stays
    inner join zigong_nursing as nursing
        on
            stays.admission_id = nursing.admission_id
            and nursing.charted_h >= stays.icu_start_h - {{ var('first_day_before_h') }}
            and nursing.charted_h <= stays.icu_start_h + {{ var('first_day_after_h') }}
    group by stays.patient_id

),
{% else %}
nursing as (

    select
        patient_id,
        cast(null as {{ double() }}) as heart_rate_mean,
        cast(null as {{ double() }}) as map_mean,
        cast(null as {{ double() }}) as map_min,
        cast(null as {{ double() }}) as gcs_min
    from stays

),
{% endif %}
final as (

    select
        stays.patient_id,
        {%- for test in tests %}
        labs.{{ test }}_min,
        {%- endfor %}
        labs.inr_max,
        labs.bilirubin_max,
        labs.creatinine_max,
        {%- for drug in drugs %}
        coalesce(orders.{{ drug }}_24h, 0) = 1 as {{ drug }}_24h,
        {%- endfor %}
        coalesce(orders.vasopressor_24h, 0) = 1 as vasopressor_24h,
        orders.sofa_points as vasopressor_sofa_points,
        nursing.heart_rate_mean,
        nursing.map_mean,
        nursing.map_min,
        nursing.gcs_min
    from stays
    left join labs
        on stays.patient_id = labs.patient_id
    left join orders
        on stays.patient_id = orders.patient_id
    left join nursing
        on stays.patient_id = nursing.patient_id

)

select * from final
