{{ config(tags=['trial']) }}

/*
Grain       one row per stay of the trial and decision point of the grace period at which the patient is alive and in the ICU,
            whether or not the exposure of the study has started
Definition  what was known of the patient then, exactly as in trial_interval: the decisions of any other exposure
Source      docs/DECISIONS.md, controls
*/
with

states as (

    select * from {{ ref('int_trial_state') }}

),

final as (

    select
        {{ contract_columns() }}
    from states

)

select * from final
