/*
Grain       one row per ICU stay, control exposure and order that starts in the stay or runs at its beginning
Definition  the order cut to the stay, and which of the two it is
Source      docs/DECISIONS.md, controls
*/
with

orders as (

    select * from {{ ref('int_control_order') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

final as (

    select
        stays.stay_id,
        orders.exposure,
        orders.started_at as ordered_at,
        {{ greatest_of('orders.started_at', 'stays.icu_admitted_at') }} as started_at,
        {{ least_of('orders.ended_at', 'stays.icu_discharged_at') }} as ended_at,
        orders.started_at < stays.icu_admitted_at as is_prevalent,
        {{ hours_between('stays.icu_admitted_at', 'orders.started_at') }} as start_offset_h
    from orders
    inner join stays
        on orders.hadm_id = stays.hadm_id
    where
        coalesce(orders.started_at < stays.icu_discharged_at, true)
        and (orders.started_at >= stays.icu_admitted_at or orders.ended_at > stays.icu_admitted_at)

)

select * from final
