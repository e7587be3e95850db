{{ config(materialized='view') }}

/*
Grain       one row per diagnosis code in use and category of it
Definition  codes whose first characters lie in a range of the seed icd_category; each distinct code is matched once
Source      seed icd_category
Deviation   none by default. tumor_codes: corrected reads the tumor codes that end in a letter by their meaning
*/
with

codes as (

    select distinct
        icd_version,
        icd_code
    from {{ ref('stg_mimic__diagnoses_icd') }}

),

categories as (

    select * from {{ ref('icd_category') }}
    where reading in ('both', '{{ var("tumor_codes") }}')

),

final as (

    select distinct
        codes.icd_version,
        codes.icd_code,
        categories.category
    from codes
    inner join categories
        on
            codes.icd_version = categories.icd_version
            and {{ byte_order('substring(codes.icd_code, 1, categories.prefix_length)') }} >= categories.code_from
            and {{ byte_order('substring(codes.icd_code, 1, categories.prefix_length)') }} <= categories.code_to

)

select * from final
