with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

sepsis3 as (

    select * from {{ ref('sepsis3') }}

),

sic_score as (

    select * from {{ ref('sic_score') }}

),

baseline as (

    select * from {{ ref('baseline') }}

),

extended as (

    select * from {{ ref('baseline_extended') }}

),

outcomes as (

    select * from {{ ref('outcomes') }}

),

eligibility as (

    select * from {{ ref('cohort_eligibility') }}

)

select stays.stay_id
from stays
left join sepsis3
    on stays.stay_id = sepsis3.stay_id
left join sic_score
    on stays.stay_id = sic_score.stay_id
left join baseline
    on stays.stay_id = baseline.stay_id
left join extended
    on stays.stay_id = extended.stay_id
left join outcomes
    on stays.stay_id = outcomes.stay_id
left join eligibility
    on stays.stay_id = eligibility.stay_id
where
    sepsis3.stay_id is null
    or sic_score.stay_id is null
    or baseline.stay_id is null
    or extended.stay_id is null
    or outcomes.stay_id is null
    or eligibility.stay_id is null
