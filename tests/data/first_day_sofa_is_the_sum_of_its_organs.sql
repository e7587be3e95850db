select stay_id
from {{ ref('int_first_day_sofa') }}
where
    sofa_four
    <> coalesce(respiration, 0) + coalesce(liver, 0) + coalesce(cardiovascular, 0) + coalesce(renal, 0)
    or sofa_total <> sofa_four + coalesce(coagulation, 0) + coalesce(cns, 0)
