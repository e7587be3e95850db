{# Warns on intervals that begin before the one ahead of them, in the same `key`, has ended; the unit is rows per million, see mostly_between. #}
{% test no_overlap(model, key) %}
{{ config(
    severity='warn', fail_calc='coalesce(ceil(1000000.0 * count(*) / max(n_rows)), 0)', warn_if='>0'
) }}
select
    {{ key }},
    (select count(*) from {{ model }}) as n_rows
from (
    select
        {{ key }},
        started_at,
        max(ended_at) over (
            partition by {{ key }} order by started_at{{ nulls_last() }}, ended_at{{ nulls_last() }} rows between unbounded preceding and 1 preceding
        ) as latest_end
    from {{ model }}
) as ordered
where started_at < latest_end
{% endtest %}
