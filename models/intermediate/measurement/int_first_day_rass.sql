{{ config(materialized='view') }}

/*
Grain       one row per ICU stay with a RASS in the first-day window
Definition  the median of the times of charting, several rows of one time averaged: how deeply the patient was sedated or
            how agitated most of the day, whatever an hour of intubation or a procedure made of it
Source      Sessler 2002; docs/DECISIONS.md, extended adjustment
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

observations as (

    select * from {{ ref('int_chart_value') }}
    where concept = 'rass' and value is not null

),

charted as (

    select
        stays.stay_id,
        observations.measured_at,
        {{ exact_mean('observations.value') }} as rass
    from stays
    inner join observations
        on
            stays.stay_id = observations.stay_id
            and {{ within_first_day('observations.measured_at', 'stays.icu_admitted_at') }}
    group by stays.stay_id, observations.measured_at

),

ranked as (

    select
        stay_id,
        rass,
        row_number() over (partition by stay_id order by rass, measured_at) as place,
        count(*) over (partition by stay_id) as charted_times
    from charted

),

final as (

    select
        stay_id,
        {{ exact_mean('rass') }} as rass_median
    from ranked
    -- the one in the middle, or the two
    where 2 * place >= charted_times and 2 * place <= charted_times + 2
    group by stay_id

)

select * from final
