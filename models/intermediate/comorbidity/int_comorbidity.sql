/*
Grain       one row per hospital admission with a diagnosis of a listed category
Definition  one column per category of the seed icd_category: 1 when a code of it was recorded in the admission
Source      mimic-code charlson (Quan 2005); hypertension and pregnancy by ICD chapter
*/
with

diagnoses as (

    select * from {{ ref('stg_mimic__diagnoses_icd') }}

),

codes as (

    select * from {{ ref('int_icd_code') }}

),

final as (

    select
        diagnoses.hadm_id,
        {% for category in icd_categories() -%}
        max(case when codes.category = '{{ category }}' then 1 else 0 end) as {{ category }},
        {% endfor -%}
        count(*) as code_count
    from diagnoses
    inner join codes
        on
            diagnoses.icd_version = codes.icd_version
            and diagnoses.icd_code = codes.icd_code
    group by diagnoses.hadm_id

)

select * from final
