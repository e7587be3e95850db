/*
Grain       one row per ICU stay whose patient died in hospital
Definition  a death is a deathtime or a hospital_expire_flag, of the stay's admission or of another admission of the patient
            that overlaps the admission or the stay. Its time is the earliest deathtime, else the discharge of the
            admission that has the flag. The date of death and later admissions do not decide
Source      docs/DECISIONS.md, hospital death
Deviation   hospital_death: flag reads the flag of the stay's admission alone
*/
{%- set is_own = 'stays.hadm_id = records.hadm_id' -%}
{%- set overlaps = 'records.hospital_admitted_at < stays.discharged_at and records.hospital_discharged_at > stays.admitted_at' -%}
{%- set counts = {
    'any_record': '(records.is_flagged or records.recorded_at is not null) and (' ~ is_own ~ ' or (' ~ overlaps ~ '))',
    'flag': 'records.is_flagged and ' ~ is_own,
} %}
with

stays as (

    select
        stay_id,
        subject_id,
        hadm_id,
        {{ least_of('icu_admitted_at', 'hospital_admitted_at') }} as admitted_at,
        {{ greatest_of('icu_discharged_at', 'hospital_discharged_at') }} as discharged_at
    from {{ ref('int_icu_stay') }}

),

records as (

    select
        subject_id,
        hadm_id,
        hospital_admitted_at,
        hospital_discharged_at,
        case when not {{ is_impossible_time('hospital_died_at') }} then hospital_died_at end as recorded_at,
        died_hospital as is_flagged
    from {{ ref('stg_mimic__admissions') }}

),

deaths as (

    select
        stays.stay_id,
        records.recorded_at,
        case when records.is_flagged then records.hospital_discharged_at end as flagged_until,
        case when stays.hadm_id = records.hadm_id then 0 else 1 end as is_of_another_admission
    from stays
    inner join records
        on stays.subject_id = records.subject_id
    where {{ counts[var('hospital_death')] }}

),

final as (

    select
        stay_id,
        coalesce(min(recorded_at), min(flagged_until)) as died_at,
        min(is_of_another_admission) = 1 as is_of_another_admission
    from deaths
    group by stay_id

)

select * from final
