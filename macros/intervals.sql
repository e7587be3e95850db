{# The union of intervals: rows of `relation` that overlap or touch, or lie at most `bridge_h` hours apart, become one row
   (<key>, started_at, ended_at). Zero-length and reversed intervals are left out; the order of rows does not matter. #}
{% macro merged_intervals(relation, key, bridge_h=0) %}
    select
        {{ key }},
        min(started_at) as started_at,
        max(ended_at) as ended_at
    from (
        select
            {{ key }},
            started_at,
            ended_at,
            sum(starts_new) over (
                partition by {{ key }} order by started_at, ended_at rows unbounded preceding
            ) as interval_seq
        from (
            select
                {{ key }},
                started_at,
                ended_at,
                case
                    when started_at <= {{ add_hours('max(ended_at) over (partition by ' ~ key ~ ' order by started_at, ended_at rows between unbounded preceding and 1 preceding)', bridge_h) }}
                        then 0
                    else 1
                end as starts_new
            from {{ relation }}
            where ended_at > started_at
        ) as marked
    ) as numbered
    group by {{ key }}, interval_seq
{% endmacro %}
