{# Each quantity (name: aggregate) of a relation, all in one pass: quantity, concept (empty), value. #}
{% macro quantities_of(relation, quantities) -%}
select
        quantities.quantity,
        '' as concept,
        case quantities.quantity
            {%- for name in quantities %}
            when '{{ name }}' then cast(aggregated.{{ name }} as {{ double() }})
            {%- endfor %}
        end as value
    from (
        select
            {%- for name, aggregate in quantities.items() %}
            {{ aggregate }} as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }}
    ) as aggregated
    cross join (
        {%- for name in quantities %}
        {{ 'union all ' if not loop.first }}select '{{ name }}' as quantity
        {%- endfor %}
    ) as quantities
{%- endmacro %}

{# How many rows meet a condition. #}
{% macro rows_where(condition) %}sum(case when {{ condition }} then 1 else 0 end){% endmacro %}

{# The lowest value that at least this share of all rows does not exceed, where each value has its rows up to it and all rows beside it. #}
{% macro value_at_share(value, rows_up_to, rows, share) %}min(case when {{ rows_up_to }} >= {{ share }} * {{ rows }} then {{ value }} end){% endmacro %}

{% macro percent_of(part, whole) %}100 * cast({{ part }} as {{ double() }}) / nullif(cast({{ whole }} as {{ double() }}), 0){% endmacro %}
