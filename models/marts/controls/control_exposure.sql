{{ config(alias='negative_control_exposure') }}

/*
Grain       one row per ICU stay and control exposure ordered in it or into it. A stay without a row is a control
Definition  the exposure by the clock of dexmedetomidine_exposure: first order that starts in the stay, hours in the union of
            ordered time inside it, number of orders that start in it (those of one time are one). Who has it when the stay
            begins (is_prevalent) is neither treated nor a control; is_late and is_short may both be true
Source      seed negative_control_exposure; docs/DECISIONS.md, controls
Deviation   an order is not a dose given: MIMIC-IV's record of what was given covers only part of its years
*/
with

orders as (

    select * from {{ ref('int_control_stay_order') }}

),

runs as (

    {{ merged_intervals('orders', 'stay_id, exposure') }}

),

hours as (

    select
        stay_id,
        exposure,
        {{ total_hours('started_at', 'ended_at') }} as ordered_h
    from runs
    group by stay_id, exposure

),

counted as (

    select
        stay_id,
        exposure,
        min(case when not is_prevalent then start_offset_h end) as start_offset_h,
        count(distinct case when not is_prevalent then ordered_at end) as order_count,
        max(case when is_prevalent then 1 else 0 end) = 1 as is_prevalent
    from orders
    group by stay_id, exposure

),

timed as (

    select
        counted.stay_id,
        counted.exposure,
        counted.start_offset_h,
        coalesce(hours.ordered_h, 0) as ordered_h,
        counted.order_count,
        counted.is_prevalent
    from counted
    left join hours
        on counted.stay_id = hours.stay_id and counted.exposure = hours.exposure

),

judged as (

    select
        timed.*,
        not is_prevalent and start_offset_h > {{ var('exposure_max_start_h') }} as is_late,
        not is_prevalent
        and ordered_h < {{ var('exposure_min_duration_h') }}
        and order_count < {{ var('control_exposure_min_orders') }} as is_short
    from timed

),

final as (

    select
        stay_id,
        exposure,
        start_offset_h,
        ordered_h,
        order_count,
        is_prevalent,
        is_late,
        is_short,
        not is_prevalent and not is_late and not is_short as is_exposed
    from judged

)

select * from final
