/*
Grain       one row per ICU stay
Definition  Sepsis-3: suspected infection with an antibiotic that starts in the stay, and SOFA of sepsis_sofa_min or
            more from 48 h before to 24 h after it. The earliest suspicion with such an hour counts, and its earliest
            hour
Source      Singer 2016; mimic-code sepsis3
Deviation   none: baseline SOFA is taken as 0
*/
with

sofa as (

    select * from {{ ref('sofa_hourly') }}

),

grid as (

    select * from {{ ref('int_hour_grid') }}

),

stays as (

    select stay_id
    from {{ ref('int_icu_stay') }}

),

suspicions as (

    select
        stay_id,
        suspected_infection_at,
        antibiotic_at,
        culture_at,
        row_number() over (
            partition by stay_id, suspected_infection_at
            order by antibiotic_at, culture_at nulls first, antibiotic_seq
        ) as suspicion_seq
    from {{ ref('int_suspected_infection') }}
    where stay_id is not null and suspected_infection_at is not null

),

failures as (

    select
        sofa.stay_id,
        {{ add_hours('grid.grid_start', 'sofa.hr') }} as sofa_at,
        sofa.sofa_24h
    from sofa
    inner join grid
        on sofa.stay_id = grid.stay_id
    where sofa.sofa_24h >= {{ var('sepsis_sofa_min') }}

),

onsets as (

    select
        suspicions.stay_id,
        suspicions.suspected_infection_at,
        suspicions.antibiotic_at,
        suspicions.culture_at,
        failures.sofa_at,
        failures.sofa_24h as sofa_score,
        row_number() over (
            partition by suspicions.stay_id order by suspicions.suspected_infection_at, failures.sofa_at
        ) as onset_seq
    from suspicions
    inner join failures
        on
            suspicions.stay_id = failures.stay_id
            and {{ within_hours(
                'failures.sofa_at', 'suspicions.suspected_infection_at',
                var('sepsis_sofa_before_infection_max_h'), var('sepsis_sofa_after_infection_max_h')
            ) }}
    where suspicions.suspicion_seq = 1

),

final as (

    select
        stays.stay_id,
        onsets.suspected_infection_at,
        onsets.antibiotic_at,
        onsets.culture_at,
        onsets.sofa_at,
        onsets.sofa_score,
        onsets.stay_id is not null as is_sepsis3
    from stays
    left join onsets
        on stays.stay_id = onsets.stay_id and onsets.onset_seq = 1

)

select * from final
