-- charted hours may begin before ICU admission and end after discharge, but not by days
{{ config(severity='warn') }}
select outcomes.stay_id
from {{ ref('outcomes') }} as outcomes
where
    outcomes.ventilation_h > 24 * (outcomes.icu_days + 3)
    or outcomes.vasopressor_h > 24 * (outcomes.icu_days + 3)
