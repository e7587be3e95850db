/*
Grain       one row per ICU stay and stretch of time with one body weight
Definition  a charted weight (kg) holds until the next one; the first admission weight holds from before admission, the
            last until after discharge; where nothing covers the start, the first weight is carried back
Source      mimic-code weight_durations
Deviation   weights charted at the same minute are ordered by kind and value, so that two builds agree
*/
with

observations as (

    select * from {{ ref('int_chart_value') }}
    where concept in ('weight_admit', 'weight_daily')

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

numbered as (

    select
        stay_id,
        measured_at,
        case when concept = 'weight_admit' then 'admit' else 'daily' end as weight_type,
        {{ rounded('value', 3) }} as weight_kg,
        row_number() over (partition by stay_id, concept order by measured_at, value{{ nulls_last() }}) as weight_seq
    from observations

),

started as (

    select
        numbered.stay_id,
        numbered.weight_type,
        numbered.weight_kg,
        {{ add_hours('stays.icu_admitted_at', -1 * var('weight_before_admission_h')) }} as earliest_at,
        {{ add_hours('stays.icu_discharged_at', var('weight_after_discharge_h')) }} as latest_at,
        stays.icu_admitted_at,
        case
            when numbered.weight_type = 'admit' and numbered.weight_seq = 1
                then {{ add_hours('stays.icu_admitted_at', -1 * var('weight_before_admission_h')) }}
            else numbered.measured_at
        end as started_at
    from numbered
    inner join stays
        on numbered.stay_id = stays.stay_id

),

periods as (

    select
        stay_id,
        weight_type,
        weight_kg,
        icu_admitted_at,
        earliest_at,
        started_at,
        coalesce(
            lead(started_at) over (partition by stay_id order by started_at, weight_type, weight_kg{{ nulls_last() }}), latest_at
        ) as ended_at,
        row_number() over (partition by stay_id order by started_at, weight_type, weight_kg{{ nulls_last() }}) as period_seq
    from started

),

carried_back as (

    select
        stay_id,
        earliest_at as started_at,
        started_at as ended_at,
        weight_kg,
        weight_type
    from periods
    where period_seq = 1 and icu_admitted_at < started_at

),

final as (

    select
        stay_id,
        started_at,
        ended_at,
        weight_kg,
        weight_type
    from periods

    union all

    select * from carried_back

)

select * from final
