/*
Grain       one row per ICU stay that may come into the trial
Definition  first stay of an adult in whom an infection is suspected by trial_screening_h after ICU admission, and whose
            platelets and INR up to then leave a SIC score of sic_min_score within reach. Moments are full hours of the
            clock: hr 0 is the first at or after ICU admission, last_screened_hr the last within trial_screening_h
Source      docs/DECISIONS.md, trial. Whoever is left out here can have no time zero: it saves reading his hours
*/
{%- set reachable = 'platelets_points + inr_points + ' ~ (points_of(var('sic_sofa_at_least')) | max) %}
with

stays as (

    select * from {{ ref('int_icu_stay') }}
    where subject_stay_seq = 1 and coalesce(age_years >= {{ var('age_min_years') }}, true)

),

suspicions as (

    select
        stay_id,
        min(suspected_known_at) as suspected_known_at
    from {{ ref('int_suspected_infection') }}
    where stay_id is not null and suspected_infection_at is not null
    group by stay_id

),

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

results as (

    select
        subject_id,
        concept,
        measured_at,
        value
    from {{ ref('int_lab_value') }}
    where concept in ('platelets', 'inr')

),

suspected as (

    select
        stays.stay_id,
        stays.subject_id,
        stays.icu_admitted_at,
        bounds.hospital_earliest_at,
        bounds.hospital_latest_at,
        {{ add_hours('stays.icu_admitted_at', var('trial_screening_h')) }} as screened_until
    from stays
    inner join suspicions
        on
            stays.stay_id = suspicions.stay_id
            and suspicions.suspected_known_at <= {{ add_hours('stays.icu_admitted_at', var('trial_screening_h')) }}
    inner join bounds
        on stays.stay_id = bounds.stay_id

),

measured as (

    select
        bounds.stay_id,
        bounds.subject_id,
        bounds.icu_admitted_at,
        bounds.hospital_earliest_at,
        bounds.hospital_latest_at,
        bounds.screened_until,
        min(case when results.concept = 'platelets' then results.value end) as platelets_min,
        max(case when results.concept = 'inr' then results.value end) as inr_max
    from suspected as bounds
    left join results
        on
            bounds.subject_id = results.subject_id
            and {{ is_within_admission('results.measured_at') }}
            and results.measured_at <= bounds.screened_until
    group by
        bounds.stay_id, bounds.subject_id, bounds.icu_admitted_at, bounds.hospital_earliest_at, bounds.hospital_latest_at,
        bounds.screened_until

),

scored as (

    select
        measured.*,
        {{ sic_platelets('platelets_min') }} as platelets_points,
        {{ sic_inr('inr_max') }} as inr_points
    from measured

),

final as (

    select
        stay_id,
        subject_id,
        hospital_earliest_at,
        hospital_latest_at,
        {{ clock_hour('icu_admitted_at') }} as first_hour,
        {{ clock_hour('screened_until', 'floor') }} - {{ clock_hour('icu_admitted_at') }} as last_screened_hr
    from scored
    where {{ reachable }} >= {{ var('sic_min_score') }}

)

select * from final
