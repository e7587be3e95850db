{{ config(materialized='view') }}

/*
Grain       one row per ICU stay with a weight that starts before the end of the first day
Definition  mean of the weights (kg) in force then
Source      mimic-code first_day_weight
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

weights as (

    select * from {{ ref('int_weight_period') }}

),

final as (

    select
        stays.stay_id,
        {{ exact_mean('weights.weight_kg') }} as weight_kg
    from stays
    inner join weights
        on
            stays.stay_id = weights.stay_id
            and weights.started_at <= {{ add_hours('stays.icu_admitted_at', var('first_day_after_h')) }}
    group by stays.stay_id

)

select * from final
