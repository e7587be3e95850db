/*
Grain       one row per stay of the trial, decision point and concept that had been measured
Definition  the last value known at that moment: of what was known, the one measured last. Carried forward without an end
Source      docs/DECISIONS.md, trial
*/
with

decisions as (

    select * from {{ ref('int_trial_decision') }}

),

readings as (

    select
        stay_id,
        case when concept in ('pao2fio2_ventilated', 'pao2fio2_not_ventilated') then 'pao2fio2' else concept end as concept,
        measured_at,
        known_hr,
        value
    from {{ ref('int_trial_reading') }}

),

zero as (

    select
        stay_id,
        hr as zero_hr
    from decisions
    where k = 0

),

-- the first decision that could know of it
placed as (

    select
        readings.stay_id,
        readings.concept,
        readings.measured_at,
        readings.known_hr,
        readings.value,
        case
            when readings.known_hr <= zero.zero_hr then 0
            else {{ whole_quotient(
                'readings.known_hr - zero.zero_hr + ' ~ (var('trial_interval_h') - 1), var('trial_interval_h')
            ) }}
        end as first_k
    from readings
    inner join zero
        on readings.stay_id = zero.stay_id

),

-- of what one decision learns the last measurement is enough
learned as (

    select
        stay_id,
        concept,
        first_k,
        measured_at,
        known_hr,
        value,
        row_number() over (partition by stay_id, concept, first_k order by measured_at desc, known_hr desc) as recency
    from placed

),

known as (

    select
        decisions.stay_id,
        decisions.k,
        learned.concept,
        learned.measured_at,
        learned.value,
        row_number() over (
            partition by decisions.stay_id, decisions.k, learned.concept order by learned.measured_at desc, learned.known_hr desc
        ) as recency
    from decisions
    inner join learned
        on
            decisions.stay_id = learned.stay_id
            and learned.first_k <= decisions.k
            and learned.recency = 1

),

final as (

    select
        stay_id,
        k,
        concept,
        measured_at,
        value
    from known
    where recency = 1

)

select * from final
