{{ config(enabled=var('zigong')) }}

/*
Grain       one row per patient
Definition  the ICU stay begins with the first transfer to a department of the ICU, and ends with the ICU discharge (or
            else the hospital's); a death counts from any place, at its date, or else at discharge in those who left dead
Source      seed zigong_department; facts of the database in docs/DECISIONS.md, Zigong
*/
with

transfers as (

    select * from {{ ref('stg_zigong__transfer') }}

),

departments as (

    select * from {{ ref('zigong_department') }}

),

baseline as (

    select * from {{ ref('stg_zigong__baseline') }}

),

icu_transfers as (

    select
        transfers.patient_id,
        min(transfers.started_h) as started_h
    from transfers
    inner join departments
        on {{ holds(lower_case('transfers.department'), 'departments.pattern') }}
    group by transfers.patient_id

),

hospital_deaths as (

    select distinct patient_id
    from {{ ref('stg_zigong__icd') }}
    where discharge_status = 'dead'

),

outcomes as (

    select * from {{ ref('stg_zigong__outcome') }}

),

joined as (

    select
        baseline.patient_id,
        baseline.admission_id,
        baseline.age_years,
        case baseline.sex
            when 'female' then true
            when 'male' then false
        end as is_female,
        icu_transfers.started_h as icu_start_h,
        coalesce(baseline.icu_end_h, baseline.hospital_end_h) as icu_end_h,
        baseline.hospital_end_h,
        hospital_deaths.patient_id is not null as died_hospital,
        coalesce(outcomes.vital_status = 'death', false) as is_dead_at_follow_up,
        outcomes.died_h,
        outcomes.followed_until_h
    from baseline
    left join icu_transfers
        on baseline.patient_id = icu_transfers.patient_id
    left join hospital_deaths
        on baseline.patient_id = hospital_deaths.patient_id
    left join outcomes
        on baseline.patient_id = outcomes.patient_id

),

final as (

    select
        patient_id,
        admission_id,
        age_years,
        is_female,
        icu_start_h,
        icu_end_h,
        icu_end_h - icu_start_h as icu_stay_h,
        hospital_end_h,
        died_hospital,
        case
            when died_hospital then coalesce(died_h, hospital_end_h, followed_until_h)
            when is_dead_at_follow_up then coalesce(died_h, followed_until_h)
        end as died_h,
        coalesce({{ later_of('followed_until_h', 'hospital_end_h') }}, 0) as seen_until_h
    from joined

)

select * from final
