{# Words of the source that a model would not know are refused before it is built, with the words: a drug or a unit that is overlooked
   would change the result without a trace. They name no patient. #}
{% macro refuse_unknown(seed) %}
{%- if execute -%}
    {%- set query, what = {'zigong_lab_unit': unknown_units, 'zigong_drug': unknown_drugs}[seed]() -%}
    {%- set words = run_query(query).rows | map(attribute=0) | list -%}
    {%- if words -%}
        {{ exceptions.raise_compiler_error(what ~ ": " ~ words[:5] | join('; ') ~ (' and ' ~ (words | length - 5) ~ ' more' if words | length > 5 else '')
            ~ ". Say what they are in seeds/" ~ seed ~ ".csv, then run the same command again") }}
    {%- endif -%}
{%- endif -%}
{% endmacro %}

{% macro unknown_units() %}
{%- set query -%}
with
results as (select * from {{ ref('stg_zigong__lab') }}),
items as (select * from {{ ref('zigong_lab_item') }}),
units as (select * from {{ ref('zigong_lab_unit') }})
select distinct results.item || ' in ' || coalesce('"' || {{ trimmed('results.unit') }} || '"', 'no unit')
from results
inner join items
    on {{ lower_case(trimmed('results.item')) }} = {{ lower_case('items.item') }}
left join units
    on
        items.concept = units.concept
        and {{ lower_case("coalesce(" ~ trimmed('results.unit') ~ ", '')") }} = {{ lower_case("coalesce(units.unit, '')") }}
where units.concept is null
order by 1
{%- endset -%}
{{ return([query, 'results of the study in units that it does not know']) }}
{% endmacro %}

{# Names that hold the stem of a drug of the study, but none of the patterns by which it is told: a spelling never seen. #}
{% macro unknown_drugs() %}
{%- set query -%}
with
orders as (select * from {{ ref('stg_zigong__drug') }}),
drugs as (select * from {{ ref('zigong_drug') }})
select distinct '"' || orders.drug_name || '"'
from orders
inner join drugs as stems
    on {{ holds(lower_case('orders.drug_name'), 'stems.stem') }}
left join drugs as patterns
    on {{ outer_like(lower_case('orders.drug_name'), "'%' || patterns.pattern || '%'") }}
where patterns.pattern is null
order by 1
{%- endset -%}
{{ return([query, 'drugs whose names resemble those of the study, but are none of them']) }}
{% endmacro %}
