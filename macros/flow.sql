{# How many rows each rule leaves out of those that passed the rules before it. `rules` are pairs of a text and the column that is
   true for those left out. #}
{% macro flow_of(relation, rules) %}
with

judged as (

    select
        case
            {%- for rule, excludes in rules %}
            when {{ excludes }} then {{ loop.index }}
            {%- endfor %}
        end as step
    from {{ relation }}

),

excluded as (

    select
        step,
        count(*) as n_excluded
    from judged
    group by step

),

total as (

    select count(*) as n_stays
    from judged

),

rules as (
    {% for rule, excludes in rules %}
    select
        {{ loop.index }} as step,
        '{{ rule }}' as rule
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

cumulated as (

    select
        rules.step,
        rules.rule,
        total.n_stays,
        coalesce(excluded.n_excluded, 0) as n_excluded,
        sum(coalesce(excluded.n_excluded, 0)) over (order by rules.step rows unbounded preceding) as n_excluded_so_far
    from rules
    cross join total
    left join excluded
        on rules.step = excluded.step

),

final as (

    select
        step,
        rule,
        cast(n_stays - n_excluded_so_far + n_excluded as bigint) as n_before,
        n_excluded,
        cast(n_stays - n_excluded_so_far as bigint) as n_after
    from cumulated

)

select * from final
{% endmacro %}
