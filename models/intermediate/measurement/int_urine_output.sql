/*
Grain       one row per ICU stay and time at which urine was charted
Definition  urine in mL, rinsing fluid taken off; known_at: when the last of its rows was entered
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
        {{ exact_sum('urine_ml') }} as urine_ml,
        max({{ later_of('measured_at', 'stored_at') }}) as known_at
    from volumes
    group by stay_id, measured_at

)

select * from final
