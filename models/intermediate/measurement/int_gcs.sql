/*
Grain       one row per ICU stay and time at which any part of the Glasgow Coma Scale was charted
Definition  the sum of three parts; a part not charted is carried forward up to gcs_carry_forward_h from the row before,
            else normal. known_at: when the last of the parts was entered
Source      mimic-code gcs
Deviation   none by default: while intubated the total counts as normal (15). gcs_intubated: missing leaves it out,
            which matters here because sedation is the exposure
*/
with

observations as (

    select
        stay_id,
        measured_at,
        concept,
        {{ later_of('measured_at', 'stored_at') }} as known_at,
        case
            when concept = 'gcs_verbal' and {{ same_text('value_text', text_literal(var('gcs_verbal_intubated_text'))) }} then 0
            else value
        end as points,
        case
            when concept = 'gcs_verbal' and {{ same_text('value_text', text_literal(var('gcs_verbal_intubated_text'))) }} then 1
            else 0
        end as is_intubated
    from {{ ref('int_chart_value') }}
    where concept in ('gcs_motor', 'gcs_verbal', 'gcs_eyes')

),

charted as (

    select
        stay_id,
        measured_at,
        max(case when concept = 'gcs_motor' then points end) as motor,
        max(case when concept = 'gcs_verbal' then points end) as verbal,
        max(case when concept = 'gcs_eyes' then points end) as eyes,
        max(is_intubated) as is_intubated,
        max(known_at) as known_at
    from observations
    group by stay_id, measured_at

),

with_previous as (

    select
        *,
        lag(measured_at) over (partition by stay_id order by measured_at) as previous_at,
        lag(motor) over (partition by stay_id order by measured_at) as previous_motor,
        lag(verbal) over (partition by stay_id order by measured_at) as previous_verbal,
        lag(eyes) over (partition by stay_id order by measured_at) as previous_eyes,
        lag(known_at) over (partition by stay_id order by measured_at) as previous_known_at
    from charted

),

carried as (

    select
        stay_id,
        measured_at,
        motor,
        verbal,
        eyes,
        is_intubated,
        known_at,
        case when previous_at > {{ add_hours('measured_at', -1 * var('gcs_carry_forward_h')) }} then previous_known_at end
            as previous_known_at,
        case when previous_at > {{ add_hours('measured_at', -1 * var('gcs_carry_forward_h')) }} then previous_motor end
            as previous_motor,
        case when previous_at > {{ add_hours('measured_at', -1 * var('gcs_carry_forward_h')) }} then previous_verbal end
            as previous_verbal,
        case when previous_at > {{ add_hours('measured_at', -1 * var('gcs_carry_forward_h')) }} then previous_eyes end
            as previous_eyes
    from with_previous

),

final as (

    select
        stay_id,
        measured_at,
        case
            when coalesce(verbal, previous_verbal) = 0
                then {{ 'null' if var('gcs_intubated') == 'missing' else var('gcs_normal_total') }}
            -- a tube taken out since the row before: what was charted with it is not carried forward
            when previous_verbal = 0
                then
                    coalesce(motor, {{ var('gcs_normal_motor') }})
                    + coalesce(verbal, {{ var('gcs_normal_verbal') }})
                    + coalesce(eyes, {{ var('gcs_normal_eyes') }})
            else
                coalesce(motor, previous_motor, {{ var('gcs_normal_motor') }})
                + coalesce(verbal, previous_verbal, {{ var('gcs_normal_verbal') }})
                + coalesce(eyes, previous_eyes, {{ var('gcs_normal_eyes') }})
        end as gcs,
        coalesce(motor, previous_motor) as motor,
        coalesce(verbal, previous_verbal) as verbal,
        coalesce(eyes, previous_eyes) as eyes,
        is_intubated,
        {{ later_of('known_at', 'previous_known_at') }} as known_at
    from carried

)

select * from final
