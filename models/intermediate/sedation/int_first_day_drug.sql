{{ config(materialized='view') }}

/*
Grain       one row per ICU stay with a drug of Table 1 on the first day
Definition  was it running, or given as a bolus, between ICU admission and first_day_intervention_h later?
Source      Huang 2024, Table 1. "Vasopressor use" of 10.3 % there fits vasopressin alone: both columns are kept
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

infusions as (

    select * from {{ ref('int_infusion') }}
    where drug in ('norepinephrine', 'epinephrine', 'vasopressin', 'propofol', 'midazolam', 'fentanyl')

),

final as (

    select
        stays.stay_id,
        max(case when infusions.drug in ('norepinephrine', 'epinephrine', 'vasopressin') then 1 else 0 end) = 1
            as vasopressor_24h,
        max(case when infusions.drug = 'vasopressin' then 1 else 0 end) = 1 as vasopressin_24h,
        max(case when infusions.drug = 'propofol' then 1 else 0 end) = 1 as propofol_24h,
        max(case when infusions.drug = 'midazolam' then 1 else 0 end) = 1 as midazolam_24h,
        max(case when infusions.drug = 'fentanyl' then 1 else 0 end) = 1 as fentanyl_24h
    from stays
    inner join infusions
        on
            stays.stay_id = infusions.stay_id
            and infusions.ended_at >= stays.icu_admitted_at
            and infusions.started_at <= {{ add_hours('stays.icu_admitted_at', var('first_day_intervention_h')) }}
    where infusions.is_given
    group by stays.stay_id

)

select * from final
