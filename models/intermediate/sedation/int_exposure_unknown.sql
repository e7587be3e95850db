{{ config(materialized='view') }}

/*
Grain       one row per ICU stay that was charted the exposure's drug, but never as an infusion that runs
Definition  a rate or an amount above 0 in whatever row of the stay: a bolus, a stretch without a usable rate or time. Such a
            patient is neither treated nor a control
Source      docs/DECISIONS.md, exposure
*/
with

infusions as (

    select * from {{ ref('int_infusion') }}
    where drug = '{{ var("exposure_drug") }}' and coalesce(fault, '') <> 'another patient'

),

final as (

    select stay_id
    from infusions
    where is_running or rate > 0 or amount > 0 or is_not_finite
    group by stay_id
    having max(case when is_running then 1 else 0 end) = 0

)

select * from final
