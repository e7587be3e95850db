{{ config(materialized='view') }}

/*
Grain       one row per microbiology specimen
Definition  time (or only date) of the culture and whether an organism grew
            culture_screening: ignore leaves out screens for carriers, which nobody takes because he suspects an
            infection. A culture under another patient's admission is nobody's (`fault`)
Source      mimic-code suspicion_of_infection; seeds culture_negative_organism, culture_screening
Deviation   none: an organism without an item number counts as negative there and here (it does not enter the study)
*/
with

cultures as (

    select * from {{ ref('stg_mimic__microbiologyevents') }}

),

negatives as (

    select * from {{ ref('culture_negative_organism') }}

),

screens as (

    select * from {{ ref('culture_screening') }}

),

admissions as (

    select * from {{ ref('stg_mimic__admissions') }}

),

final as (

    select
        cultures.micro_specimen_id,
        max(cultures.subject_id) as subject_id,
        max(cultures.hadm_id) as hadm_id,
        max(cultures.cultured_on) as cultured_on,
        max(cultures.cultured_at) as cultured_at,
        max({{ byte_order('cultures.specimen') }}) as specimen,
        max(
            case
                when
                    cultures.org_itemid is not null
                    and negatives.org_itemid is null
                    and {{ lower_case(trimmed('cultures.org_name')) }} not in ('', 'cancelled')
                    then 1
                else 0
            end
        ) as is_positive,
        max(case when screens.specimen is not null then 1 else 0 end) as is_screening,
        max(case when cultures.subject_id <> admissions.subject_id then 'another patient' end) as fault
    from cultures
    left join negatives
        on cultures.org_itemid = negatives.org_itemid
    left join screens
        on {{ same_text('cultures.specimen', 'screens.specimen') }}
    left join admissions
        on cultures.hadm_id = admissions.hadm_id
    group by cultures.micro_specimen_id

)

select * from final
