-- Values outside the ranges of chart_item and lab_item are left out of everything, which is meant for the odd typing error.
-- When they are more than one in fifty of a concept, ranges or units do not fit these data and their absence would bias it.
with

charted as (

    select
        items.concept,
        case
            when
                observations.value <= items.value_above
                or observations.value >= items.value_below
                or observations.value > items.value_at_most
                then 1
            else 0
        end as is_implausible
    from {{ ref('stg_mimic__chartevents') }} as observations
    inner join {{ ref('chart_item') }} as items
        on observations.itemid = items.itemid

    union all

    select
        items.concept,
        case
            when results.value <= items.value_above or results.value > items.value_at_most then 1
            else 0
        end as is_implausible
    from {{ ref('stg_mimic__labevents') }} as results
    inner join {{ ref('lab_item') }} as items
        on results.itemid = items.itemid

)

select
    concept,
    count(*) as n_rows,
    sum(is_implausible) as n_implausible
from charted
group by concept
having sum(is_implausible) > 0.02 * count(*)
