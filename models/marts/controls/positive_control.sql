/*
Grain       one row per ICU stay
Definition  bradycardia: a heart rate below positive_control_heart_rate_below after ICU admission, up to
            positive_control_window_h later, by whomever; dexmedetomidine must make it more frequent
Source      docs/DECISIONS.md, controls
*/
with

stays as (

    select
        stay_id,
        icu_admitted_at as began_at
    from {{ ref('int_icu_stay') }}

),

final as (

    {{ bradycardia_of('stays') }}

)

select * from final
