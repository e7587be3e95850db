{{ config(
    enabled=var('zigong'),
    pre_hook="{{ refuse_unknown('zigong_drug') }}"
) }}

/*
Grain       one row per patient, time and drug of the study that was ordered
Definition  the only scan of dtDrugs. A drug is told by the longest pattern that its name holds: a norepinephrine is no
            epinephrine
Source      seed zigong_drug
*/
with

orders as (

    select
        patient_id,
        ordered_h,
        {{ lower_case('drug_name') }} as drug_name
    from {{ ref('stg_zigong__drug') }}

),

patterns as (

    select * from {{ ref('zigong_drug') }}

),

told as (

    select
        orders.patient_id,
        orders.ordered_h,
        orders.drug_name,
        max(length(patterns.pattern)) as pattern_length
    from orders
    inner join patterns
        on {{ holds('orders.drug_name', 'patterns.pattern') }}
    group by orders.patient_id, orders.ordered_h, orders.drug_name

),

final as (

    select distinct
        told.patient_id,
        told.ordered_h,
        patterns.drug,
        patterns.sofa_points
    from told
    inner join patterns
        on
            {{ holds('told.drug_name', 'patterns.pattern') }}
            and told.pattern_length = length(patterns.pattern)

)

select * from final
