{{ config(materialized='view') }}

/*
Grain       one row per ICU stay and episode of the exposure's drug
Definition  running rows with pauses of up to dex_episode_bridge_h bridged
Source      docs/DECISIONS.md, exposure (alternative reading longest_episode)
*/
with

running as (

    select * from {{ ref('int_dexmedetomidine_row') }}

),

final as (

    {{ merged_intervals('running', 'stay_id', var('dex_episode_bridge_h')) }}

)

select * from final
