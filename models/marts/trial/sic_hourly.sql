/*
Grain       one row per ICU stay that may come into the trial (int_trial_candidate) and full hour of the clock in which SIC is
            looked for: from the first after ICU admission (hr 0) up to trial_screening_h after it
Definition  SIC score from the worst of what became known in the 24 hours that end here. is_septic: a suspicion of infection is
            known, and an hour up to this one, from 48 h before to 24 h after its time, has a SOFA of sepsis_sofa_min or more
Source      Iba 2017, Singer 2016; docs/DECISIONS.md, trial
Deviation   sic_score and sepsis3 read a value at the time of measurement and may look at the whole first day; here
            nothing of an hour was known later than the hour
*/
{%- set score = 'sic_score_' ~ var('sic_sofa') %}
with

bounds as (

    select * from {{ ref('int_trial_candidate') }}

),

suspicions as (

    select
        stay_id,
        suspected_infection_at,
        min(suspected_known_at) as suspected_known_at
    from {{ ref('int_suspected_infection') }}
    where stay_id is not null and suspected_infection_at is not null
    group by stay_id, suspected_infection_at

),

hours as (

    select
        hours.stay_id,
        hours.hr,
        {{ end_of_clock_hour('bounds.first_hour + hours.hr') }} as hour_at,
        hours.sofa_24h,
        hours.platelets_points,
        hours.inr_points,
        {{ sic_sofa('hours.sofa_four_24h') }} as sofa_four_points,
        {{ sic_sofa('hours.sofa_24h') }} as sofa_total_points
    from {{ ref('int_trial_hour') }} as hours
    inner join bounds
        on hours.stay_id = bounds.stay_id and hours.hr <= bounds.last_screened_hr

),

onsets as (

    select
        suspicions.stay_id,
        {{ greatest_of('min(hours.hour_at)', 'suspicions.suspected_known_at') }} as septic_at
    from suspicions
    inner join hours
        on
            suspicions.stay_id = hours.stay_id
            and {{ within_hours(
                'hours.hour_at', 'suspicions.suspected_infection_at',
                var('sepsis_sofa_before_infection_max_h'), var('sepsis_sofa_after_infection_max_h')
            ) }}
    where hours.sofa_24h >= {{ var('sepsis_sofa_min') }}
    group by suspicions.stay_id, suspicions.suspected_infection_at, suspicions.suspected_known_at

),

septic as (

    select
        stay_id,
        min(septic_at) as septic_at
    from onsets
    group by stay_id

),

scored as (

    select
        hours.stay_id,
        hours.hr,
        hours.hour_at,
        hours.platelets_points,
        hours.inr_points,
        hours.sofa_24h,
        hours.platelets_points + hours.inr_points + hours.sofa_four_points as sic_score_four,
        hours.platelets_points + hours.inr_points + hours.sofa_total_points as sic_score_total,
        hours.platelets_points + hours.inr_points > {{ var('sic_strict_platelet_inr_above') }} as is_strict,
        coalesce(septic.septic_at <= hours.hour_at, false) as is_septic
    from hours
    left join septic
        on hours.stay_id = septic.stay_id

),

final as (

    select
        stay_id,
        hr,
        hour_at,
        platelets_points,
        inr_points,
        sofa_24h,
        sic_score_four,
        sic_score_total,
        {{ score }} as sic_score,
        is_strict,
        is_septic,
        is_septic and {{ score }} >= {{ var('sic_min_score') }}{{ ' and is_strict' if var('sic_rule') == 'strict' }} as is_sic
    from scored

)

select * from final
