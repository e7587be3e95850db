-- each rule is judged again, from the tables that it is about
with

cohort as (

    select * from {{ ref('analysis_cohort') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

sic_score as (

    select * from {{ ref('sic_score') }}

),

sepsis3 as (

    select * from {{ ref('sepsis3') }}

),

heparin as (

    select * from {{ ref('int_heparin') }}

),

comorbidities as (

    select * from {{ ref('int_comorbidity') }}

)

select cohort.stay_id
from cohort
inner join stays
    on cohort.stay_id = stays.stay_id
inner join sic_score
    on cohort.stay_id = sic_score.stay_id
left join sepsis3
    on cohort.stay_id = sepsis3.stay_id
left join heparin
    on cohort.stay_id = heparin.stay_id
left join comorbidities
    on stays.hadm_id = comorbidities.hadm_id
where
    stays.age_years < {{ var('age_min_years') }}
    or stays.icu_stay_h < {{ var('icu_stay_min_h') }}
    or stays.icu_stay_h is null
    or stays.subject_stay_seq > 1
    or not sic_score.is_sic
    or not coalesce(sepsis3.is_sepsis3, false)
    or heparin.has_{{ var('heparin') }}
    or comorbidities.pregnancy = 1
