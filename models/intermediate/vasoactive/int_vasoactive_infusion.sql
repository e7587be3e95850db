{{ config(materialized='view') }}

/*
Grain       one row per stretch of a vasoactive infusion at one rate
Definition  rates in one unit per drug: mcg/kg/min, vasopressin units/hour
Source      mimic-code norepinephrine, epinephrine, dopamine, dobutamine, phenylephrine, vasopressin, milrinone
Deviation   what does not run is left out; infusion_reading: mimic_code keeps rows as charted, reversed or at rate 0
*/
with

infusions as (

    select * from {{ ref('int_running_infusion' if var('infusion_reading') == 'running' else 'int_infusion') }}
    where
        drug in (
            'norepinephrine', 'epinephrine', 'dopamine', 'dobutamine', 'phenylephrine', 'vasopressin', 'milrinone'
        )

),

final as (

    select
        stay_id,
        drug,
        orderid,
        started_at,
        ended_at,
        case
            -- charted against a weight of 1 kg: the number is mcg/kg/min already
            when drug = 'norepinephrine' and rate_unit = 'mg/kg/min' and weight_kg = 1 then rate
            when drug = 'norepinephrine' and rate_unit = 'mg/kg/min' then rate * 1000.0
            when drug = 'phenylephrine' and rate_unit = 'mcg/min' then rate / nullif(weight_kg, 0)
            when drug = 'vasopressin' and rate_unit = 'units/min' then rate * 60.0
            else rate
        end as rate
    from infusions

)

select * from final
