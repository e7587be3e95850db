/*
Grain       one row per prescription of a drug that the study uses
Definition  the only full scan of prescriptions: systemic antibiotics and heparin
Source      int_drug
*/
with

prescriptions as (

    select * from {{ ref('stg_mimic__prescriptions') }}

),

drugs as (

    select * from {{ ref('int_drug') }}

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
        drugs.is_heparin
    from prescriptions
    inner join drugs
        on
            prescriptions.drug = drugs.drug
            and coalesce(prescriptions.route, '') = drugs.route

)

select * from final
