-- each rule is judged again, from the tables that it is about
select cohort.stay_id
from {{ ref('analysis_cohort') }} as cohort
inner join {{ ref('int_icu_stay') }} as stays
    on cohort.stay_id = stays.stay_id
inner join {{ ref('sic_score') }} as sic_score
    on cohort.stay_id = sic_score.stay_id
left join {{ ref('sepsis3') }} as sepsis3
    on cohort.stay_id = sepsis3.stay_id
left join {{ ref('int_heparin') }} as heparin
    on cohort.stay_id = heparin.stay_id
left join {{ ref('int_comorbidity') }} as comorbidities
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
