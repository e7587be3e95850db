select stay_id
from {{ ref('sic_score') }}
where
    sic_score <> platelets_points + inr_points + sofa_points
    or (is_sic and not (has_early_sepsis and sic_score >= {{ var('sic_min_score') }}))
