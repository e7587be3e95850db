/*
Grain       one row per prescription of a drug that the study uses
Definition  the only full scan of prescriptions: systemic antibiotics, by the list in force or the one beside it, and
            heparin; one under another patient's admission is nobody's (`fault`)
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
        case when prescriptions.subject_id <> admissions.subject_id then 'another patient' end as fault
    from prescriptions
    inner join drugs
        on
            prescriptions.drug = drugs.drug
            and coalesce(prescriptions.route, '') = drugs.route
    left join admissions
        on prescriptions.hadm_id = admissions.hadm_id

)

select * from final
