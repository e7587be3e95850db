/*
Grain       one row per ICU stay and time at which urine was charted
Definition  urine of the hours before (urine_lookback_h, in mL) and the hours of charting that it covers; each volume
            covers the time since the one before, the first since the first heart rate. known_at: when the last of the
            volumes, and of the one before them, was entered
Source      mimic-code urine_output_rate, 24-hour columns
*/
with

urine as (

    select * from {{ ref('int_urine_output') }}

),

grid as (

    select * from {{ ref('int_hour_grid') }}

),

spans as (

    select
        urine.stay_id,
        urine.measured_at,
        urine.urine_ml,
        {{ later_of(
            'urine.known_at', 'lag(urine.known_at) over (partition by urine.stay_id order by urine.measured_at)'
        ) }} as known_at,
        {{ epoch_seconds('urine.measured_at') }} as measured_s,
        {{ whole_minutes_between(
            'coalesce(lag(urine.measured_at) over (partition by urine.stay_id order by urine.measured_at), grid.first_charted_at)',
            'urine.measured_at'
        ) }} as covered_min
    from urine
    inner join grid
        on urine.stay_id = grid.stay_id

),

sums as (

    select
        stay_id,
        measured_at,
        sum(urine_ml) over lookback as urine_ml,
        sum(covered_min) over lookback as covered_min,
        max(known_at) over lookback as known_at
    from spans
    window lookback as (
        partition by stay_id order by measured_s
        range between {{ var('urine_lookback_h') * 3600 }} preceding and current row
    )

),

final as (

    select
        stay_id,
        measured_at,
        urine_ml,
        -- two decimals, as mimic-code: the bounds of a full day are compared after rounding
        {{ rounded_quotient('covered_min', 60, 2) }} as covered_h,
        known_at
    from sums

)

select * from final
