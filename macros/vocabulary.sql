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
select distinct results.item || ' in ' || coalesce('"' || {{ trimmed('results.unit') }} || '"', 'no unit')
from {{ ref('stg_zigong__lab') }} as results
inner join {{ ref('zigong_lab_item') }} as items
    on {{ lower_case(trimmed('results.item')) }} = {{ lower_case('items.item') }}
left join {{ ref('zigong_lab_unit') }} as units
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
select distinct '"' || orders.drug_name || '"'
from {{ ref('stg_zigong__drug') }} as orders
inner join {{ ref('zigong_drug') }} as stems
    on {{ lower_case('orders.drug_name') }} like '%' || stems.stem || '%'
left join {{ ref('zigong_drug') }} as patterns
    on {{ outer_like(lower_case('orders.drug_name'), "'%' || patterns.pattern || '%'") }}
where patterns.pattern is null
order by 1
{%- endset -%}
{{ return([query, 'drugs whose names resemble those of the study, but are none of them']) }}
{% endmacro %}
