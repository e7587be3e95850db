/*
Grain       one row per stay of the trial and decision point: k * trial_interval_h after time zero, while the patient is
            alive, in the ICU and has not started the exposure before
Definition  whether it starts before the next decision, and what was known of the patient at this one
Source      docs/DECISIONS.md, trial
*/
with

states as (

    select * from {{ ref('int_trial_state') }}
    where is_before_start

),

final as (

    select
        {{ contract_columns() }}
    from states

)

select * from final
