{{ config(tags=['trial']) }}

/*
Grain       one row per stay of the trial
Definition  bradycardia as in positive_control, after time zero
Source      docs/DECISIONS.md, controls
*/
with

patients as (

    select
        stay_id,
        time_zero_at as began_at
    from {{ ref('int_trial_decision') }}
    where k = 0

),

final as (

    {{ bradycardia_of('patients') }}

)

select * from final
