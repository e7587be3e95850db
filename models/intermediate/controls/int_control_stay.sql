{{ config(materialized='view') }}

/*
Grain       one row per ICU stay that an analysis may be about, of the published design or the trial
Definition  first stays of adults with a suspicion of infection in the stay, in whichever reading; when it and its admission
            began
Source      section 2.2 of Huang 2024; docs/DECISIONS.md, controls
*/
with

suspicions as (

    select distinct stay_id
    from {{ ref('int_suspected_infection') }}
    where
        stay_id is not null
        and (
            suspected_infection_at is not null
            or suspected_infection_at_other_screening is not null
            or suspected_infection_at_other_antibiotics is not null
        )

),

stays as (

    select * from {{ ref('int_icu_stay') }}
    where subject_stay_seq = 1 and coalesce(age_years >= {{ var('age_min_years') }}, true)

),

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

final as (

    select
        stays.stay_id,
        stays.subject_id,
        stays.hadm_id,
        stays.hospital_admitted_at,
        bounds.hospital_earliest_at,
        stays.icu_admitted_at,
        {{ add_hours('stays.icu_admitted_at', -24 * var('control_prior_days')) }} as prior_from,
        {{ add_hours('stays.icu_admitted_at', -1 * var('first_day_before_h')) }} as first_day_from
    from stays
    inner join suspicions
        on stays.stay_id = suspicions.stay_id
    inner join bounds
        on stays.stay_id = bounds.stay_id

)

select * from final
