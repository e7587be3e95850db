{{ config(materialized='view') }}

/*
Grain       one row per ICU stay and episode of the exposure's drug
Definition  running rows with pauses of up to exposure_episode_bridge_h bridged
Source      docs/DECISIONS.md, exposure (alternative reading longest_episode)
*/
with

running as (

    select * from {{ ref('int_exposure_row') }}

),

final as (

    {{ merged_intervals('running', 'stay_id', var('exposure_episode_bridge_h')) }}

)

select * from final
