/*
Grain       one row per ICU stay and time at which urine was charted
Definition  urine in mL, rinsing fluid taken off
Source      mimic-code urine_output
*/
with

volumes as (

    select * from {{ ref('int_urine_row') }}
    where fault is null

),

final as (

    select
        stay_id,
        measured_at,
        {{ exact_sum('urine_ml') }} as urine_ml
    from volumes
    group by stay_id, measured_at

)

select * from final
