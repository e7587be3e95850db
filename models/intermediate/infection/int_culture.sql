{{ config(materialized='view') }}

/*
Grain       one row per microbiology specimen
Definition  time (or only date) of the culture and whether an organism grew
Source      mimic-code suspicion_of_infection; seed culture_negative_organism
Deviation   none: an organism without an item number counts as negative there and here (it does not enter the study)
*/
with

cultures as (

    select * from {{ ref('stg_mimic__microbiologyevents') }}

),

negatives as (

    select * from {{ ref('culture_negative_organism') }}

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
                    and cultures.org_name not in ('', 'CANCELLED')
                    then 1
                else 0
            end
        ) as is_positive
    from cultures
    left join negatives
        on cultures.org_itemid = negatives.org_itemid
    group by cultures.micro_specimen_id

)

select * from final
