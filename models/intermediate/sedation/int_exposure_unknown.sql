{{ config(materialized='view') }}

/*
Grain       one row per ICU stay that was charted the exposure's drug, but never as an infusion that runs at a known rate
Definition  a rate or an amount above 0 in whatever row of the stay: a bolus, a stretch without a usable rate or time, or
            without the weight that its unit asks for. Such a patient is neither treated nor a control
Source      docs/DECISIONS.md, exposure
*/
with

infusions as (

    select * from {{ ref('int_infusion') }}
    where drug = '{{ var("exposure_drug") }}' and coalesce(fault, '') <> 'another patient'

),

running as (

    select distinct stay_id
    from {{ ref('int_exposure_row') }}

),

final as (

    select infusions.stay_id
    from infusions
    left join running
        on infusions.stay_id = running.stay_id
    where
        running.stay_id is null
        and (infusions.is_running or infusions.rate > 0 or infusions.amount > 0 or infusions.is_not_finite)
    group by infusions.stay_id

)

select * from final
