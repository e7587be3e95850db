/*
Grain       one row per stretch of an infusion at one rate, or per bolus, of a drug that the study uses
Definition  the only scan of inputevents, and the one place that says what counts. is_running: an infusion, from when to
            when and at what rate; is_given: that or a bolus. `fault` says why a row is neither. A number that is
            infinite or NaN is no number, a time outside the calendar no time. A stretch that begins before the stay or
            ends after it is cut at stay_margin_h. A stretch without a rate has the one that follows from its amount,
            hours and weight. A unit is called by its one name (seed rate_unit); a rate in a unit that its drug is not
            read in is made the drug's usual one where it can be
Source      seeds infusion_item, infusion_amount, rate_unit; docs/DECISIONS.md, infusions
*/
with

inputs as (

    select * from {{ ref('stg_mimic__inputevents') }}

),

units as (

    select * from {{ ref('rate_unit') }}

),

items as (

    select
        infusion_item.itemid,
        infusion_item.drug,
        infusion_item.reading,
        infusion_item.rate_unit as usual_rate_unit,
        nullif(infusion_item.rate_units, '') as rate_units,
        usual.measure,
        usual.per_hour,
        usual.is_per_kg
    from {{ ref('infusion_item') }} as infusion_item
    left join units as usual
        on infusion_item.rate_unit = usual.spelling
    where infusion_item.reading in ('default', 'other_heparin', '{{ var("vasoactive_items") }}')

),

amounts as (

    select * from {{ ref('infusion_amount') }}

),

bounds as (

    select * from {{ ref('int_stay_bounds') }}

),

named as (

    select
        inputs.*,
        items.drug,
        items.reading,
        items.usual_rate_unit,
        items.measure,
        items.per_hour,
        items.is_per_kg,
        items.rate_units,
        coalesce(charted.rate_unit, inputs.rate_unit) as unit_name,
        {{ converted_rate('inputs.rate', 'charted', 'items', 'inputs.weight_kg') if var('infusion_reading') == 'running'
            else 'cast(null as ' ~ double() ~ ')' }} as usual_rate
    from inputs
    inner join items
        on inputs.itemid = items.itemid
    left join units as charted
        on {{ same_text('inputs.rate_unit', 'charted.spelling') }}

),

in_a_known_unit as (

    select
        named.*,
        {{ is_other_unit('unit_name', 'rate_units') }} as is_unit_of_another
    from named

),

charted as (

    select
        inputs.stay_id,
        inputs.drug,
        inputs.reading,
        inputs.usual_rate_unit,
        inputs.measure,
        inputs.per_hour,
        inputs.is_per_kg,
        inputs.orderid,
        bounds.earliest_at,
        bounds.latest_at,
        case when not {{ is_impossible_time('inputs.started_at') }} then inputs.started_at end as started_at,
        case when not {{ is_impossible_time('inputs.ended_at') }} then inputs.ended_at end as ended_at,
        case
            when not {{ is_finite('inputs.rate') }} then null
            when inputs.is_unit_of_another and inputs.usual_rate is not null then inputs.usual_rate
            else inputs.rate
        end as rate,
        case
            when inputs.is_unit_of_another and inputs.usual_rate is not null then inputs.usual_rate_unit
            else inputs.unit_name
        end as rate_unit,
        inputs.rate_unit as charted_rate_unit,
        case when {{ is_finite('inputs.amount') }} then inputs.amount end as amount,
        inputs.amount_unit,
        case when {{ is_finite('inputs.weight_kg') }} then inputs.weight_kg end as weight_kg,
        not coalesce(
            {{ is_finite('inputs.rate') }}
            and {{ is_finite('inputs.amount') }}
            and {{ is_finite('inputs.weight_kg') }}, true
        ) as is_not_finite,
        coalesce({{ is_impossible_time('inputs.started_at') }} or {{ is_impossible_time('inputs.ended_at') }}, false)
            as is_time_impossible,
        coalesce(inputs.subject_id <> bounds.subject_id, false) as is_of_another_patient,
        inputs.is_unit_of_another and inputs.usual_rate is null as is_other_unit,
        inputs.is_unit_of_another and inputs.usual_rate is not null as is_unit_converted
    from in_a_known_unit as inputs
    left join bounds
        on inputs.stay_id = bounds.stay_id
    {{ computed_once() }}

),

judged as (

    select
        charted.*,
        case
            when is_time_impossible then 'impossible time'
            when is_of_another_patient then 'another patient'
            when started_at is null or ended_at is null or ended_at < started_at then 'reversed'
            when started_at > latest_at or ended_at < earliest_at then 'outside stay'
        end as fault,
        coalesce(ended_at > {{ add_hours('started_at', var('quality_bolus_max_h')) }}, false) as is_longer_than_bolus,
        {{ hours_between('started_at', 'ended_at') }} as charted_h
    from charted

),

rated as (

    select
        judged.*,
        case
            when
                judged.rate is null and judged.amount > 0 and judged.fault is null and judged.is_longer_than_bolus
                and {{ 'true' if var('infusion_rate_from_amount') else 'false' }}
                then
                    judged.amount * amounts.factor / (judged.charted_h * judged.per_hour)
                    / case when judged.is_per_kg then case when judged.weight_kg > 0 then judged.weight_kg end else 1 end
        end as rate_from_amount
    from judged
    left join amounts
        on
            judged.measure = amounts.measure
            and {{ same_text('judged.amount_unit', 'amounts.amount_unit') }}

),

cut as (

    select
        stay_id,
        drug,
        reading,
        orderid,
        case
            when fault is null and started_at < earliest_at then earliest_at else started_at
        end as started_at,
        case when fault is null and ended_at > latest_at then latest_at else ended_at end as ended_at,
        coalesce(fault is null and (started_at < earliest_at or ended_at > latest_at), false) as is_cut,
        coalesce(rate, rate_from_amount) as rate,
        case when rate is null and rate_from_amount is not null then usual_rate_unit else rate_unit end as rate_unit,
        case when rate is not null then nullif(charted_rate_unit, rate_unit) end as charted_rate_unit,
        rate is null and rate_from_amount is not null as is_rate_from_amount,
        amount,
        amount_unit,
        weight_kg,
        is_longer_than_bolus,
        is_not_finite,
        is_time_impossible,
        is_other_unit,
        is_unit_converted,
        fault
    from rated

),

final as (

    select
        cut.*,
        coalesce(fault is null and ended_at > started_at and rate > 0, false) as is_running,
        coalesce(
            fault is null
            and (rate > 0 or rate is null)
            and (amount > 0 or (ended_at > started_at and rate > 0)), false
        ) as is_given
    from cut

)

select * from final
