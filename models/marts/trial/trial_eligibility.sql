/*
Grain       one row per ICU stay
Definition  one boolean per rule of trial_rules(), judged by what was known at time zero: the first full hour of the clock,
            up to trial_screening_h after ICU admission, at which SIC is known (trial_time_zero: icu_admission looks at
            the first hour alone). Nothing that came later decides
Source      docs/DECISIONS.md, trial
Deviation   pregnancy is read from the codes of the admission, which are given at discharge
*/
-- depends_on: {{ ref('int_prescription') }}
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

    select * from {{ ref('int_infusion') }}
    where coalesce(fault, '') <> 'another patient'

),

exposed_before as (

    select distinct zero.stay_id
    from zero
    inner join infusions
        on zero.stay_id = infusions.stay_id and infusions.started_at < zero.time_zero_at
    where
        infusions.drug = '{{ var("exposure_drug") }}'
        and (infusions.is_running or infusions.rate > 0 or infusions.amount > 0 or infusions.is_not_finite)

),

-- as int_heparin, up to time zero
anticoagulated_before as (

    select distinct zero.stay_id
    from zero
    inner join stays
        on zero.stay_id = stays.stay_id
    {% if var('trial_heparin') == 'any_order' -%}
    inner join {{ ref('int_prescription') }} as heparin
        on
            stays.hadm_id = heparin.hadm_id
            and heparin.started_at < zero.time_zero_at
            and coalesce(heparin.stopped_at, heparin.started_at) > stays.icu_admitted_at
    where heparin.is_heparin and heparin.fault is null
    {%- else -%}
    inner join infusions as heparin
        on
            zero.stay_id = heparin.stay_id
            and heparin.started_at < zero.time_zero_at
            and heparin.ended_at > stays.icu_admitted_at
    where
        heparin.drug = 'heparin'
        {% if var('trial_heparin') == 'any_icu' -%}
        and heparin.is_given
        {%- else -%}
        and heparin.is_running and heparin.reading = 'default'
        {%- endif %}
    {%- endif %}

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
        exposed_before.stay_id is not null as has_exposure_before,
        anticoagulated_before.stay_id is not null as has_heparin_before
    from stays
    left join comorbidities
        on stays.hadm_id = comorbidities.hadm_id
    left join zero
        on stays.stay_id = zero.stay_id
    left join deaths
        on stays.stay_id = deaths.stay_id
    left join exposed_before
        on stays.stay_id = exposed_before.stay_id
    left join anticoagulated_before
        on stays.stay_id = anticoagulated_before.stay_id

),

final as (

    select
        rules.*,
        {{ fulfils(trial_rules()) }} as is_eligible
    from rules

)

select * from final
