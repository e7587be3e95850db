/*
Grain       one row per stay that an analysis may be about and laboratory outcome of its past that was measured
Definition  the highest, lowest or last result in the outcome's window, by patient. laboratory_before_icu: from the beginning of
            the hospital admission (stay_margin_h before it) to before what the first day reads; laboratory_prior_year: within
            control_prior_days before ICU admission. Of several last results the highest
Source      seed negative_control_outcome; docs/DECISIONS.md, controls
*/
with

stays as (

    select * from {{ ref('int_control_stay') }}

),

outcomes as (

    select * from {{ ref('negative_control_outcome') }}
    where kind in ('laboratory_before_icu', 'laboratory_prior_year')

),

results as (

    select * from {{ ref('int_lab_row') }}
    where value is not null

),

ranked as (

    select
        stays.stay_id,
        outcomes.outcome,
        outcomes.direction,
        outcomes.threshold,
        results.value,
        row_number() over (
            partition by stays.stay_id, outcomes.outcome
            order by
                case when outcomes.statistic = 'last' then results.measured_at end desc,
                case when outcomes.statistic = 'lowest' then results.value end asc,
                results.value desc, results.measured_at asc, results.specimen_id asc
        ) as rank_of_result
    from stays
    inner join results
        on stays.subject_id = results.subject_id and results.measured_at < stays.icu_admitted_at
    inner join outcomes
        on
            results.concept = outcomes.concept
            and case
                when outcomes.kind = 'laboratory_prior_year' then results.measured_at >= stays.prior_from
                else results.measured_at >= stays.hospital_earliest_at and results.measured_at < stays.first_day_from
            end

),

final as (

    select
        stay_id,
        outcome,
        value,
        case when direction = 'below' then value < threshold else value >= threshold end as occurred
    from ranked
    where rank_of_result = 1

)

select * from final
