{{ config(
    enabled=var('zigong'),
    pre_hook="{{ refuse_unknown('zigong_lab_unit') }}"
) }}

/*
Grain       one row per laboratory result of an item that the study uses
Definition  the only scan of dtLab: items of the seed zigong_lab_item, in the units of MIMIC-IV. A text that is no number
            once its marks (? < > =) are left out, and a number outside the plausible range, are no values
Source      seeds zigong_lab_item, zigong_lab_unit
*/
with

results as (

    select
        admission_id,
        measured_h,
        {{ lower_case(trimmed('item')) }} as item,
        {{ lower_case("coalesce(" ~ trimmed('unit') ~ ", '')") }} as unit,
        {{ number_in('value_text') }} as value
    from {{ ref('stg_zigong__lab') }}

),

items as (

    select * from {{ ref('zigong_lab_item') }}

),

units as (

    select * from {{ ref('zigong_lab_unit') }}

),

converted as (

    select
        results.admission_id,
        results.measured_h,
        items.concept,
        items.value_above,
        items.value_at_most,
        -- whole billionths: a value on a threshold must not leave it by the last digit of the factor
        {{ billionths('results.value * units.factor') }} / {{ billion() }} as value
    from results
    inner join items
        on results.item = {{ lower_case('items.item') }}
    left join units
        on
            items.concept = units.concept
            and results.unit = {{ lower_case("coalesce(units.unit, '')") }}

),

final as (

    select
        admission_id,
        measured_h,
        concept,
        case when value > value_above and value <= value_at_most then value end as value
    from converted

)

select * from final
