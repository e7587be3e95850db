{# Units of rates, of which the seed rate_unit says what each spelling is: how many micrograms, or units, an hour, and whether by kg. #}

{# `rate`, which is in the unit of the seed's row `charted`, in that of its row `wanted`; NULL where the two measure other things, or
   one is by kg and there is no weight. #}
{% macro converted_rate(rate, charted, wanted, weight_kg) %}case
            when {{ charted }}.measure = {{ wanted }}.measure then
                {{ rate }} * {{ charted }}.per_hour / {{ wanted }}.per_hour
                * case when {{ charted }}.is_per_kg and not {{ wanted }}.is_per_kg then case when {{ weight_kg }} > 0 then {{ weight_kg }} end else 1 end
                / case when {{ wanted }}.is_per_kg and not {{ charted }}.is_per_kg then case when {{ weight_kg }} > 0 then {{ weight_kg }} end else 1 end
        end{% endmacro %}

{# The unit that a rate's number is in. As mimic-code reads it, norepinephrine charted by mg against a weight of 1 kg is in mcg. #}
{% macro unit_as_meant(drug, rate_unit, weight_kg) %}case
            when {{ drug }} = 'norepinephrine' and {{ rate_unit }} = 'mg/kg/min' and {{ weight_kg }} = 1 then 'mcg/kg/min'
            else {{ rate_unit }}
        end{% endmacro %}

{# Stops a build whose exposure is charted in a unit that cannot be made var exposure_rate_unit, before a big table is read: a hook of
   stg_mimic__admissions, for which they wait, all but inputevents. Only what looks like a unit is named. #}
{% macro refuse_rate_units() %}
{%- if execute and load_relation(ref('rate_unit')) and load_relation(ref('infusion_item')) and load_relation(ref('stg_mimic__inputevents')) -%}
    {%- set wanted, found = var('exposure_rate_unit'), [] -%}
    {%- set counted = run_query(exposure_rate_units(wanted)).rows -%}
    {%- set n_all = counted | sum(attribute='n_rows') -%}
    {%- for unit, is_read, n_rows in counted if not is_read -%}
        {%- set is_unit = modules.re.match('[A-Za-zµμ%. ]{1,12}(/[A-Za-zµμ%. ]{1,8}){0,3}$', unit or '') -%}
        {%- do found.append(('"' ~ unit ~ '"' if is_unit else 'another text' if unit else 'no unit') ~ ' (' ~ n_rows ~ ' of ' ~ n_all ~ ' rows)') -%}
    {%- endfor -%}
    {%- if found -%}
        {{ exceptions.raise_compiler_error("rates of " ~ var('exposure_drug') ~ " in units that cannot be made " ~ wanted ~ ": " ~ found[:5] | join('; ')
            ~ (' and ' ~ (found | length - 5) ~ ' more' if found | length > 5 else '')
            ~ ". The drug's own unit, as units/hour of vasopressin: give it by var exposure_rate_unit. A unit of mass that"
            ~ " seeds/rate_unit.csv lacks: say there what it is. A volume or no unit tells no dose: correct or delete these rows"
            ~ " of inputevents in the source. Then run the same command again") }}
    {%- endif -%}
{%- endif -%}
{% endmacro %}

{# The units as charted in which the exposure runs, each with its rows, and whether it can be made the wanted one. #}
{% macro exposure_rate_units(wanted) %}
with
inputs as (select * from {{ ref('stg_mimic__inputevents') }}),
items as (select * from {{ ref('infusion_item') }}),
units as (select * from {{ ref('rate_unit') }})
select
    {{ trimmed('inputs.rate_unit') }} as unit,
    coalesce(wanted.spelling is not null or {{ same_text('inputs.rate_unit', text_literal(wanted)) }}, false) as is_read,
    count(*) as n_rows
from inputs
inner join items
    on inputs.itemid = items.itemid
left join units as charted
    on {{ same_text('inputs.rate_unit', 'charted.spelling') }}
left join units as wanted
    on charted.measure = wanted.measure and {{ same_text('wanted.spelling', text_literal(wanted)) }}
where
    items.drug = {{ text_literal(var('exposure_drug')) }}
    and items.reading in ('default', {{ text_literal(var('vasoactive_items')) }})
    and inputs.rate > 0
    and inputs.ended_at > inputs.started_at
group by 1, 2
order by n_rows desc, unit
{% endmacro %}
