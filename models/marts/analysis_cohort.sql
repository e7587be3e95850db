/*
Grain       one row per eligible ICU stay, which is one per patient
Definition  everything that the statistics need: treatment, the characteristics of Table 1, the outcomes, dose and
            duration. Which columns of baseline and outcomes are here, and in what order, is said by the contract
Source      section 2 of Huang 2024
*/
with

eligible as (

    select
        stay_id,
        subject_id,
        hadm_id,
        treated
    from {{ ref('cohort_eligibility') }}
    where is_eligible

),

baseline as (

    select * from {{ ref('baseline') }}

),

outcomes as (

    select * from {{ ref('outcomes') }}

),

exposure as (

    select
        stay_id,
        start_offset_h as exposure_start_offset_h,
        duration_h as exposure_duration_h,
        mean_rate_48h as exposure_mean_rate_48h
    from {{ ref('exposure') }}

),

final as (

    select
        {{ contract_columns() }}
    from eligible
    -- using, not on: the stay is one column then, whichever table a column is of
    inner join baseline using (stay_id)  -- noqa: structure.using
    inner join outcomes using (stay_id)  -- noqa: structure.using
    left join exposure using (stay_id)  -- noqa: structure.using

)

select * from final
