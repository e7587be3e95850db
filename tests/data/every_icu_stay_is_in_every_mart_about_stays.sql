select stays.stay_id
from {{ ref('int_icu_stay') }} as stays
left join {{ ref('sepsis3') }} as sepsis3
    on stays.stay_id = sepsis3.stay_id
left join {{ ref('sic_score') }} as sic_score
    on stays.stay_id = sic_score.stay_id
left join {{ ref('baseline') }} as baseline
    on stays.stay_id = baseline.stay_id
left join {{ ref('outcomes') }} as outcomes
    on stays.stay_id = outcomes.stay_id
left join {{ ref('cohort_eligibility') }} as eligibility
    on stays.stay_id = eligibility.stay_id
where
    sepsis3.stay_id is null
    or sic_score.stay_id is null
    or baseline.stay_id is null
    or outcomes.stay_id is null
    or eligibility.stay_id is null
