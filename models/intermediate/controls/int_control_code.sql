{{ config(materialized='view') }}

/*
Grain       one row per diagnosis code in use and old disease that it stands for
Definition  as int_icd_code: codes whose first characters lie in a range of the seed
Source      seed negative_control_outcome
*/
with

codes as (

    select distinct
        icd_version,
        icd_code
    from {{ ref('stg_mimic__diagnoses_icd') }}

),

diseases as (

    select * from {{ ref('negative_control_outcome') }}
    where kind = 'diagnosis'

),

final as (

    select distinct
        codes.icd_version,
        codes.icd_code,
        diseases.outcome
    from codes
    inner join diseases
        on
            codes.icd_version = diseases.icd_version
            and {{ byte_order('substring(codes.icd_code, 1, diseases.prefix_length)') }} >= diseases.code_from
            and {{ byte_order('substring(codes.icd_code, 1, diseases.prefix_length)') }} <= diseases.code_to

)

select * from final
