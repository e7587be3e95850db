/*
Grain       one row per ICU stay with a charted heart rate
Definition  bounds of the stay's hour grid: hour 0 ends at the first heart rate, rounded up to the hour; hour h covers the
            60 minutes that end h hours later
Source      mimic-code icustay_times, icustay_hourly
*/
with

heart_rates as (

    select
        stay_id,
        measured_at
    from {{ ref('int_chart_value') }}
    where concept = 'heart_rate'

),

stays as (

    select
        stay_id,
        hadm_id
    from {{ ref('int_icu_stay') }}

),

charted as (

    select
        stays.stay_id,
        stays.hadm_id,
        min(heart_rates.measured_at) as first_charted_at,
        max(heart_rates.measured_at) as last_charted_at
    from heart_rates
    inner join stays
        on heart_rates.stay_id = stays.stay_id
    group by stays.stay_id, stays.hadm_id

),

final as (

    select
        stay_id,
        hadm_id,
        first_charted_at,
        last_charted_at,
        case
            when {{ truncate_time('hour', 'first_charted_at') }} = first_charted_at then first_charted_at
            else {{ add_hours(truncate_time('hour', 'first_charted_at'), 1) }}
        end as grid_start,
        -1 * {{ var('sofa_grid_lead_h') }} as first_hr,
        cast({{ whole_hours_between('first_charted_at', 'last_charted_at') }} as integer) as last_hr
    from charted

)

select * from final
