select stay_id
from {{ ref('outcomes') }}
where
    (died_28d_hospital and not died_hospital)
    or (not died_28d_hospital and followup_28d_days < {{ var('death_horizon_days') }} and '{{ var("followup") }}' = 'day28')
