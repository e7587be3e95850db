/*
Grain       one row per stay that an analysis may be about and that was screened for carriage before the ICU
Definition  did any screening culture within control_prior_days before ICU admission grow something? A culture with a date
            alone is placed at the end of its day
Source      seeds culture_screening, culture_negative_organism; docs/DECISIONS.md, controls
*/
with

stays as (

    select * from {{ ref('int_control_stay') }}

),

screens as (

    select
        subject_id,
        coalesce(cultured_at, {{ add_hours('cast(cultured_on as ' ~ timestamp() ~ ')', 24) }}) as cultured_at,
        is_positive
    from {{ ref('int_culture') }}
    where is_screening = 1 and fault is null

),

final as (

    select
        stays.stay_id,
        max(screens.is_positive) = 1 as is_positive
    from stays
    inner join screens
        on
            stays.subject_id = screens.subject_id
            and screens.cultured_at >= stays.prior_from
            and screens.cultured_at < stays.icu_admitted_at
    group by stays.stay_id

)

select * from final
