-- each step starts with what the one before left; the first with all ICU stays; the last ends with the cohort; a stay is
-- counted at the first rule that leaves it out
with

eligibility as (

    select * from {{ ref('cohort_eligibility') }}

),

counted as (
    {% for rule, left_out in eligibility_rules() %}
    {%- set earlier = eligibility_rules()[:loop.index0] %}
    select
        {{ loop.index }} as step,
        sum(case when {{ left_out }}{{ ' and ' ~ fulfils(earlier) if earlier }} then 1 else 0 end) as n_left_out
    from eligibility
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

steps as (

    select
        step,
        n_before,
        n_excluded,
        n_after,
        lag(n_after) over (order by step) as n_left,
        lead(step) over (order by step) as next_step
    from {{ ref('cohort_flow') }}

),

totals as (

    select
        (select count(*) from {{ ref('stg_mimic__icustays') }}) as n_stays,
        (select count(*) from {{ ref('analysis_cohort') }}) as n_cohort

)

select
    steps.step,
    steps.n_before,
    steps.n_after
from steps
cross join totals
left join counted
    on steps.step = counted.step
where
    counted.n_left_out is null
    or steps.n_excluded <> counted.n_left_out
    or steps.n_after <> steps.n_before - steps.n_excluded
    or steps.n_excluded < 0
    or (steps.step = 1 and steps.n_before <> totals.n_stays)
    or (steps.step > 1 and steps.n_before <> coalesce(steps.n_left, -1))
    or (steps.next_step is null and steps.n_after <> totals.n_cohort)
