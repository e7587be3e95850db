{{ config(materialized='view') }}

/*
Grain       one row per running stretch of the exposure's drug (var exposure_drug: dexmedetomidine) at one rate
Definition  what of the drug runs; rate in var exposure_rate_unit, into which other units are converted (is_converted), by
            the row's weight where one of the two is by kg. A row whose weight is wanting for that has no known rate and
            is left out; one whose unit cannot be converted keeps its own, and a data test finds it
Source      seeds infusion_item, rate_unit. Amounts come in mcg and mg: where a rate is charted it carries the dose
*/
{%- set unit = text_literal(var('exposure_rate_unit')) %}
with

infusions as (

    select * from {{ ref('int_running_infusion') }}
    where drug = '{{ var("exposure_drug") }}'

),

units as (

    select * from {{ ref('rate_unit') }}

),

converted as (

    select
        infusions.*,
        case
            when infusions.rate_unit = {{ unit }} then infusions.rate
            else {{ converted_rate('infusions.rate', 'charted', 'wanted', 'infusions.weight_kg') }}
        end as converted_rate,
        infusions.rate_unit = {{ unit }} or wanted.spelling is not null as is_convertible
    from infusions
    left join units as charted
        on {{ unit_as_meant('infusions.drug', 'infusions.rate_unit', 'infusions.weight_kg') }} = charted.spelling
    left join units as wanted
        on charted.measure = wanted.measure and wanted.spelling = {{ unit }}

),

final as (

    select
        stay_id,
        orderid,
        started_at,
        ended_at,
        case when is_convertible then converted_rate else rate end as rate,
        case when is_convertible then {{ unit }} else rate_unit end as rate_unit,
        coalesce(is_convertible and rate_unit <> {{ unit }}, false) as is_converted
    from converted
    where converted_rate is not null or not coalesce(is_convertible, false)

)

select * from final
