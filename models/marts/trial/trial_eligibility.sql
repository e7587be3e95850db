/*
Grain       one row per ICU stay
Definition  one boolean per rule of trial_rules(), judged by what was known at time zero: the first full hour of the clock,
            up to trial_screening_h after ICU admission, at which SIC is known (trial_time_zero: icu_admission looks at
            the first hour alone). Nothing that came later decides
Source      docs/DECISIONS.md, trial
Deviation   pregnancy is read from the codes of the admission, which are given at discharge
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

comorbidities as (

    select * from {{ ref('int_comorbidity') }}

),

deaths as (

    select * from {{ ref('int_hospital_death') }}

),

zero as (

    select
        stay_id,
        min(hour_at) as time_zero_at
    from {{ ref('sic_hourly') }}
    where is_sic{{ ' and hr = 0' if var('trial_time_zero') == 'icu_admission' }}
    group by stay_id

),

infusions as (

    select
        stay_id,
        drug,
        reading,
        started_at,
        ended_at,
        is_running,
        is_given,
        coalesce(is_running or rate > 0 or amount > 0 or is_not_finite, false) as is_charted
    from {{ ref('int_infusion') }}
    where drug in ('heparin', '{{ var("exposure_drug") }}') and coalesce(fault, '') <> 'another patient'

),

prescriptions as (

    select * from {{ ref('int_prescription') }}
    where is_heparin and fault is null

),

infused_before as (

    select
        zero.stay_id,
        max(case when infusions.drug = '{{ var("exposure_drug") }}' and infusions.is_charted then 1 else 0 end) as exposure,
        max(
            case
                when
                    infusions.drug = 'heparin' and infusions.reading = 'default' and infusions.is_running
                    and infusions.ended_at > stays.icu_admitted_at
                    then 1
                else 0
            end
        ) as heparin_infusion,
        max(
            case when infusions.drug = 'heparin' and infusions.is_given and infusions.ended_at > stays.icu_admitted_at then 1 else 0 end
        ) as heparin_any_icu
    from zero
    inner join stays
        on zero.stay_id = stays.stay_id
    inner join infusions
        on zero.stay_id = infusions.stay_id and infusions.started_at < zero.time_zero_at
    group by zero.stay_id

),

ordered_before as (

    select
        zero.stay_id,
        1 as heparin_any_order
    from zero
    inner join stays
        on zero.stay_id = stays.stay_id
    inner join prescriptions
        on
            stays.hadm_id = prescriptions.hadm_id
            and prescriptions.started_at < zero.time_zero_at
            and coalesce(prescriptions.stopped_at, prescriptions.started_at) > stays.icu_admitted_at
    group by zero.stay_id

),

rules as (

    select
        stays.stay_id,
        stays.subject_id,
        stays.hadm_id,
        zero.time_zero_at,
        stays.subject_stay_seq > 1 as is_later_stay,
        coalesce(stays.age_years < {{ var('age_min_years') }}, false) as is_minor,
        coalesce(comorbidities.pregnancy, 0) = 1 as is_pregnant,
        zero.stay_id is null as is_not_sic,
        coalesce(stays.icu_discharged_at <= zero.time_zero_at or deaths.died_at <= zero.time_zero_at, false) as is_gone,
        coalesce(infused_before.exposure, 0) = 1 as has_exposure_before,
        {% if var('trial_heparin') == 'any_order' -%}
        coalesce(ordered_before.heparin_any_order, 0) = 1 as has_heparin_before
        {%- else -%}
        coalesce(infused_before.heparin_{{ var('trial_heparin') }}, 0) = 1 as has_heparin_before
        {%- endif %}
    from stays
    left join comorbidities
        on stays.hadm_id = comorbidities.hadm_id
    left join zero
        on stays.stay_id = zero.stay_id
    left join deaths
        on stays.stay_id = deaths.stay_id
    left join infused_before
        on stays.stay_id = infused_before.stay_id
    left join ordered_before
        on stays.stay_id = ordered_before.stay_id

),

final as (

    select
        rules.*,
        {{ fulfils(trial_rules()) }} as is_eligible
    from rules

)

select * from final
