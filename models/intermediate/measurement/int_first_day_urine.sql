/*
Grain       one row per ICU stay with urine charted on the first day
Definition  urine (mL) from ICU admission to first_day_after_h later
Source      mimic-code first_day_urine_output
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

urine as (

    select * from {{ ref('int_urine_output') }}

),

final as (

    select
        stays.stay_id,
        {{ exact_sum('urine.urine_ml') }} as urine_ml
    from stays
    inner join urine
        on
            stays.stay_id = urine.stay_id
            and {{ within_hours('urine.measured_at', 'stays.icu_admitted_at', 0, var('first_day_after_h')) }}
    group by stays.stay_id

)

select * from final
