{{ config(tags=['trial']) }}

-- the three tables of the trial's patients are of the same stays, each of whom was there at time zero, septic and not yet treated
with

eligibility as (

    select * from {{ ref('trial_eligibility') }}
    where is_eligible

),

baseline as (

    select * from {{ ref('trial_baseline') }}

),

outcomes as (

    select * from {{ ref('trial_outcomes') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

)

select stays.stay_id
from stays
left join eligibility
    on stays.stay_id = eligibility.stay_id
left join baseline
    on stays.stay_id = baseline.stay_id
left join outcomes
    on stays.stay_id = outcomes.stay_id
where
    (eligibility.stay_id is null and (baseline.stay_id is not null or outcomes.stay_id is not null))
    or (eligibility.stay_id is not null and (baseline.stay_id is null or outcomes.stay_id is null))
    or (
        eligibility.stay_id is not null
        and (
            stays.age_years < {{ var('age_min_years') }}
            or stays.subject_stay_seq > 1
            or stays.icu_discharged_at <= baseline.time_zero_at
            or baseline.time_zero_at < stays.icu_admitted_at
            or baseline.sic_score < {{ var('sic_min_score') }}
            or outcomes.start_h < 0
            or outcomes.followup_28d_h <= 0
        )
    )
