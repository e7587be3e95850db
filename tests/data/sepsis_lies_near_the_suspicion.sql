select stay_id
from {{ ref('sepsis3') }}
where
    (is_sepsis3 and (suspected_infection_at is null or sofa_at is null))
    or (
        is_sepsis3
        and not {{ within_hours(
            'sofa_at', 'suspected_infection_at',
            var('sepsis_sofa_before_infection_max_h'), var('sepsis_sofa_after_infection_max_h')
        ) }}
    )
    or (not is_sepsis3 and sofa_at is not null)
