/*
Grain       one row per ICU stay that may come into the trial and full hour of the clock, from the first after ICU admission
            (hr 0) to the last that can be a decision
Definition  worst SOFA points of each organ, and of platelets and INR in the SIC score, of what became known in the
            sofa_window_h hours that end here; missing = 0. A pressor counts by the hours in which it runs
Source      Vincent 1996; Iba 2017; as int_sofa_hour and sofa_hourly, by the time of knowledge
*/
{%- set hour_of_end = 'ceil' if var('sofa_pressor') == 'any_in_hour' else 'floor' %}
{%- set organs = ['respiration', 'coagulation', 'liver', 'cardiovascular', 'cns', 'renal', 'platelets_points', 'inr_points'] %}
with

bounds as (

    select * from {{ ref('int_trial_candidate') }}

),

infusions as (

    select
        infusions.stay_id,
        infusions.drug,
        infusions.rate,
        {{ greatest_of(
            clock_hour('infusions.started_at', 'floor') ~ ' + 1 - bounds.first_hour', '-1 * ' ~ (var('sofa_window_h') - 1)
        ) }} as from_hr,
        {{ least_of(
            clock_hour('infusions.ended_at', hour_of_end) ~ ' - bounds.first_hour', 'bounds.last_screened_hr + ' ~ var('trial_grace_h')
        ) }} as to_hr
    from {{ ref('int_vasoactive_infusion') }} as infusions
    inner join bounds
        on infusions.stay_id = bounds.stay_id
    where
        infusions.drug in ('dopamine', 'epinephrine', 'norepinephrine', 'dobutamine')
        and infusions.ended_at > infusions.started_at
        and infusions.rate > 0

),

measurements as (

    select
        stay_id,
        known_hr as hr,
        concept as measure,
        value
    from {{ ref('int_trial_reading') }}
    where known_hr > -1 * {{ var('sofa_window_h') }}

    union all

    select
        infusions.stay_id,
        hours.hr,
        infusions.drug as measure,
        infusions.rate as value
    from infusions
    {{ cross_join_integers('infusions.from_hr', 'infusions.to_hr', 'hours', 'hr') }}

),

measured as (

    select
        stay_id,
        hr,
        -- several days of urine may be entered at once, hours after they ended: the worst of them counts
        {{ worst_measurements(urine='min') }},
        min(case when measure = 'map' then value end) as map_min,
        max(case when measure = 'inr' then value end) as inr_max
    from measurements
    group by stay_id, hr

),

hours as (

    select
        measured.stay_id,
        measured.hr,
        {{ sofa_respiration('pao2fio2_ventilated', 'pao2fio2_not_ventilated') }} as respiration,
        {{ sofa_coagulation('platelets_min') }} as coagulation,
        {{ sofa_liver('bilirubin_max') }} as liver,
        {{ sofa_cardiovascular(
            'map_min', 'dopamine_max', 'epinephrine_max', 'norepinephrine_max', 'dobutamine_max'
        ) }} as cardiovascular,
        {{ sofa_cns('gcs_min') }} as cns,
        {{ sofa_renal('creatinine_max', 'urine_ml_day') }} as renal,
        {{ sic_platelets('platelets_min') }} as platelets_points,
        {{ sic_inr('inr_max') }} as inr_points
    from measured

),

gridded as (

    select
        bounds.stay_id,
        grid.hr
    from bounds
    {{ cross_join_integers(
        '-1 * ' ~ (var('sofa_window_h') - 1), 'bounds.last_screened_hr + ' ~ var('trial_grace_h'), 'grid', 'hr'
    ) }}

),

filled as (

    select
        gridded.stay_id,
        {%- for organ in organs %}
        hours.{{ organ }},
        {%- endfor %}
        gridded.hr
    from gridded
    left join hours
        on gridded.stay_id = hours.stay_id and gridded.hr = hours.hr
    where gridded.hr >= 0 or hours.stay_id is not null

),

worst as (

    {{ sofa_worst('filled', organs) }}

),

final as (

    select
        worst.stay_id,
        worst.hr,
        worst.platelets_points,
        worst.inr_points,
        worst.respiration + worst.coagulation + worst.liver + worst.cardiovascular + worst.cns + worst.renal as sofa_24h,
        worst.respiration + worst.liver + worst.cardiovascular + worst.renal as sofa_four_24h
    from worst
    where worst.hr >= 0

)

select * from final
