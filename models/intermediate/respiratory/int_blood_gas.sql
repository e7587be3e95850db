/*
Grain       one row per blood gas specimen with a PaO2
Definition  PaO2 / FiO2 ratio; FiO2 from the gas itself, else the last one charted up to chart_fio2_lookback_h earlier.
            known_at: when the last of what the ratio is made of was entered
Source      mimic-code bg
*/
with

labs as (

    select * from {{ ref('int_lab_value') }}
    where concept in ('po2', 'fio2', 'specimen')

),

gases as (

    select
        specimen_id,
        max(subject_id) as subject_id,
        max(measured_at) as measured_at,
        max({{ later_of('measured_at', 'stored_at') }}) as known_at,
        max(case when concept = 'specimen' then {{ byte_order('value_text') }} end) as specimen,
        max(case when concept = 'po2' then value end) as po2_mmhg,
        max(
            case
                when concept = 'fio2' and value > {{ var('fio2_percent_min') }} and value <= 100 then value
                when concept = 'fio2' and value > {{ var('fio2_fraction_above') }} and value <= 1 then value * 100.0
            end
        ) as fio2_pct
    from labs
    group by specimen_id

),

gases_with_po2 as (

    select * from gases
    where po2_mmhg is not null

),

charted_fio2 as (

    select
        subject_id,
        measured_at,
        max({{ later_of('measured_at', 'stored_at') }}) as known_at,
        max(
            case
                when value > {{ var('fio2_fraction_above') }} and value <= 1 then value * 100
                when value >= {{ var('fio2_percent_min') }} and value <= 100 then value
            end
        ) as fio2_pct
    from {{ ref('int_chart_value') }}
    where concept = 'fio2'
    group by subject_id, measured_at

),

timeline as (

    select
        subject_id,
        measured_at,
        0 as is_gas,
        cast(null as integer) as specimen_id
    from charted_fio2
    where fio2_pct is not null

    union all

    select
        subject_id,
        measured_at,
        1 as is_gas,
        specimen_id
    from gases_with_po2

),

last_charted as (

    select
        specimen_id,
        is_gas,
        max(case when is_gas = 0 then measured_at end) over (
            -- at the same time the charted FiO2 comes first and is taken
            partition by subject_id order by measured_at, is_gas, specimen_id rows unbounded preceding
        ) as fio2_charted_at
    from timeline

),

final as (

    select
        gases_with_po2.specimen_id,
        gases_with_po2.subject_id,
        gases_with_po2.measured_at,
        case
            when gases_with_po2.fio2_pct is null then {{ later_of('gases_with_po2.known_at', 'charted_fio2.known_at') }}
            else gases_with_po2.known_at
        end as known_at,
        gases_with_po2.specimen,
        gases_with_po2.po2_mmhg,
        gases_with_po2.fio2_pct,
        charted_fio2.fio2_pct as fio2_charted_pct,
        100 * gases_with_po2.po2_mmhg / coalesce(gases_with_po2.fio2_pct, charted_fio2.fio2_pct) as pao2fio2_mmhg
    from gases_with_po2
    inner join last_charted
        on
            gases_with_po2.specimen_id = last_charted.specimen_id
            and last_charted.is_gas = 1
    left join charted_fio2
        on
            gases_with_po2.subject_id = charted_fio2.subject_id
            and last_charted.fio2_charted_at = charted_fio2.measured_at
            and charted_fio2.measured_at
            >= {{ add_hours('gases_with_po2.measured_at', -1 * var('chart_fio2_lookback_h')) }}

)

select * from final
