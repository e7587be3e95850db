{{ config(materialized='view') }}

/*
Grain       one row per ICU stay that may come into the trial and arterial blood gas of its admission
Definition  the ratio, and whether the last respiratory support charted up to the gas was invasive; known_at: when both
            were entered. Episodes of int_ventilation are not read: where one ends is known afterwards
Source      mimic-code sofa, without what comes after the gas
*/
with

bounds as (

    select * from {{ ref('int_trial_candidate') }}

),

statuses as (

    select * from {{ ref('int_ventilation_status') }}

),

gases as (

    select
        bounds.stay_id,
        gases.specimen_id,
        gases.measured_at,
        gases.known_at,
        gases.pao2fio2_mmhg
    from bounds
    inner join {{ ref('int_blood_gas') }} as gases
        on bounds.subject_id = gases.subject_id and {{ is_within_admission('gases.measured_at') }}
    where
        {{ same_text('gases.specimen', text_literal(var('blood_gas_arterial_text'))) }}
        and gases.pao2fio2_mmhg is not null

),

timeline as (

    select
        statuses.stay_id,
        statuses.measured_at,
        0 as is_gas,
        cast(null as integer) as specimen_id
    from statuses
    inner join bounds
        on statuses.stay_id = bounds.stay_id

    union all

    select
        stay_id,
        measured_at,
        1 as is_gas,
        specimen_id
    from gases

),

last_charted as (

    select
        stay_id,
        specimen_id,
        is_gas,
        max(case when is_gas = 0 then measured_at end) over (
            partition by stay_id order by measured_at, is_gas, specimen_id rows unbounded preceding
        ) as status_at
    from timeline

),

final as (

    select
        gases.stay_id,
        gases.measured_at,
        gases.pao2fio2_mmhg,
        coalesce(statuses.status = 'InvasiveVent', false) as is_ventilated,
        {{ later_of('gases.known_at', 'statuses.known_at') }} as known_at
    from gases
    inner join last_charted
        on
            gases.stay_id = last_charted.stay_id
            and gases.specimen_id = last_charted.specimen_id
            and last_charted.is_gas = 1
    left join statuses
        on
            gases.stay_id = statuses.stay_id
            and last_charted.status_at = statuses.measured_at
            and statuses.measured_at >= {{ add_hours('gases.measured_at', -1 * var('ventilation_gap_h')) }}

)

select * from final
