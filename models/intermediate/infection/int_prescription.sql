/*
Grain       one row per prescription of a drug that the study uses
Definition  the only full scan of prescriptions: systemic antibiotics, by the list in force or the one beside it,
            heparin, and in admissions with an ICU stay the exposures that serve as negative controls; one under another
            patient's admission is nobody's (`fault`)
Source      int_drug
*/
with

prescriptions as (

    select * from {{ ref('stg_mimic__prescriptions') }}

),

drugs as (

    select * from {{ ref('int_drug') }}

),

admissions as (

    select * from {{ ref('stg_mimic__admissions') }}

),

icu_admissions as (

    select distinct hadm_id
    from {{ ref('stg_mimic__icustays') }}

),

final as (

    select
        prescriptions.subject_id,
        prescriptions.hadm_id,
        prescriptions.drug,
        prescriptions.route,
        prescriptions.started_at,
        prescriptions.stopped_at,
        -- int_drug holds no route and an empty one as one name
        drugs.is_antibiotic and prescriptions.route is not null as is_antibiotic,
        drugs.is_antibiotic_otherwise and prescriptions.route is not null as is_antibiotic_otherwise,
        drugs.is_heparin,
        drugs.is_control and icu_admissions.hadm_id is not null as is_control,
        case when prescriptions.subject_id <> admissions.subject_id then 'another patient' end as fault
    from prescriptions
    inner join drugs
        on
            prescriptions.drug = drugs.drug
            and coalesce(prescriptions.route, '') = drugs.route
    left join admissions
        on prescriptions.hadm_id = admissions.hadm_id
    left join icu_admissions
        on prescriptions.hadm_id = icu_admissions.hadm_id
    where
        drugs.is_antibiotic or drugs.is_antibiotic_otherwise or drugs.is_heparin
        or icu_admissions.hadm_id is not null

)

select * from final
