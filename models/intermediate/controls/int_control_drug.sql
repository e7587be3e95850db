{{ config(materialized='view') }}

/*
Grain       one row per drug name, route and control exposure
Definition  which exposures of the seed a name means; one name may mean several
Source      seed negative_control_exposure
*/
with

drugs as (

    select
        drug,
        route
    from {{ ref('int_drug') }}
    where is_control

),

controls as (

    select * from {{ ref('negative_control_exposure') }}

),

final as (

    select distinct
        drugs.drug,
        drugs.route,
        controls.exposure
    from drugs
    inner join controls
        on {{ is_named('drugs', 'controls') }}

)

select * from final
