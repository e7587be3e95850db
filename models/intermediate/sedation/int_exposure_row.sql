{{ config(materialized='view') }}

/*
Grain       one row per running stretch of the exposure's drug (var exposure_drug: dexmedetomidine) at one rate
Definition  what of the drug runs; rate in var exposure_rate_unit, into which other spellings and units are converted
            (is_converted), by the row's weight where one of the two is by kg. A row whose weight is wanting for that runs
            at a rate that is not known (NULL); a stay that ran at no other is left out. A row whose unit cannot be
            converted keeps its own, and a data test finds it
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
            when {{ same_text('infusions.rate_unit', unit) }} then infusions.rate
            else {{ converted_rate('infusions.rate', 'charted', 'wanted', 'infusions.weight_kg') }}
        end as converted_rate,
        coalesce({{ same_text('infusions.rate_unit', unit) }} or wanted.spelling is not null, false) as is_convertible
    from infusions
    left join units as charted
        on {{ unit_as_meant('infusions.drug', 'infusions.rate_unit', 'infusions.weight_kg') }} = charted.spelling
    left join units as wanted
        on charted.measure = wanted.measure and {{ same_text('wanted.spelling', unit) }}

),

in_one_unit as (

    select
        stay_id,
        orderid,
        started_at,
        ended_at,
        case when is_convertible then converted_rate else rate end as rate,
        case when is_convertible then {{ unit }} else rate_unit end as rate_unit,
        is_convertible and not {{ same_text('coalesce(charted_rate_unit, rate_unit)', unit) }} as is_converted
    from converted

),

with_known as (

    select
        in_one_unit.*,
        count(rate) over (partition by stay_id) as n_known
    from in_one_unit

),

final as (

    select
        stay_id,
        orderid,
        started_at,
        ended_at,
        rate,
        rate_unit,
        is_converted
    from with_known
    where n_known > 0

)

select * from final
