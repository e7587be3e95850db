/*
Grain       one row per check of the seed quality_check and, where it is about items or words, per concept, drug or word
Definition  how many of the rows that the study reads are faulty: one pass over what each scan of a big table kept
Source      ranges of the seeds chart_item and lab_item; quality_* vars
*/
{#- a check by its name: the rows that it is about, and the condition that says which of them are affected -#}
{%- set outside_years = "fault = 'impossible time'" -%}
{%- set checks_of = {
    'chart_rows': {
        'chart_value_implausible': "fault = 'implausible'",
        'chart_value_not_finite': "fault = 'not finite'",
        'chart_unit_unknown': 'is_other_unit',
        'chart_value_without_number': "fault = 'no number'",
        'chart_time_impossible': outside_years,
        'chart_outside_stay': "fault = 'outside stay'",
        'chart_of_another_patient': "fault = 'another patient'",
    },
    'weight_rows': {
        'weight_implausible':
            'value < ' ~ var('quality_weight_min_kg') ~ ' or value > ' ~ var('quality_weight_max_kg'),
        'weight_charted_twice': 'charting_seq > 1',
    },
    'lab_rows': {
        'lab_value_implausible': "fault = 'implausible'",
        'lab_value_not_finite': "fault = 'not finite'",
        'lab_value_without_number': "fault = 'no number'",
        'lab_value_negative': 'value < 0',
        'lab_unit_unknown': 'is_other_unit',
        'lab_time_impossible': 'measured_at is null or ' ~ outside_years,
        'lab_item_unknown': "fault = 'unknown item'",
        'lab_of_another_patient': "fault = 'another patient'",
        'lab_outside_admission': 'is_outside_admission',
    },
    'first_day_labs': {
        'lab_without_admission': 'hadm_id is null',
    },
    'infusions': {
        'rate_not_finite': 'is_not_finite',
        'rate_negative': 'rate < 0',
        'rate_unit_unknown': 'is_other_unit',
        'rate_without_weight':
            "rate > 0 and coalesce(weight_kg, 0) <= 0 and (rate_unit like '%/kg/%' or drug = 'phenylephrine')",
        'infusion_rate_from_amount': 'is_rate_from_amount',
        'infusion_without_rate': 'rate is null and is_longer_than_bolus and fault is null',
        'infusion_bolus': 'rate is null and amount > 0 and not is_longer_than_bolus and fault is null',
        'infusion_reversed': "fault = 'reversed'",
        'infusion_empty': 'started_at = ended_at and rate > 0 and fault is null',
        'infusion_time_impossible': outside_years,
        'infusion_outside_stay': "fault = 'outside stay'",
        'infusion_cut': 'is_cut',
        'infusion_of_another_patient': "fault = 'another patient'",
    },
    'rated_infusions': {
        'infusion_charted_twice': 'charting_seq > 1',
    },
    'cultures': {
        'culture_without_time': 'cultured_at is null',
        'culture_time_impossible': is_impossible_time('cultured_on') ~ ' or ' ~ is_impossible_time('cultured_at'),
        'culture_of_another_patient': "fault = 'another patient'",
        'culture_screening': 'is_screening = 1',
    },
    'prescriptions': {
        'prescription_reversed': 'stopped_at < started_at',
        'prescription_without_start': 'started_at is null',
        'prescription_time_impossible': is_impossible_time('started_at'),
        'prescription_of_another_patient': "fault = 'another patient'",
    },
    'urine_rows': {
        'urine_not_finite': "fault = 'not finite'",
        'urine_negative': 'charted_ml < 0',
        'urine_implausible': 'charted_ml > ' ~ var('quality_urine_max_ml') ~ " and coalesce(fault, '') <> 'not finite'",
        'urine_time_impossible': outside_years,
        'urine_outside_stay': "fault = 'outside stay'",
        'urine_of_another_patient': "fault = 'another patient'",
    },
    'first_day_urine': {
        'urine_first_day_negative': 'is_negative',
    },
    'procedures': {
        'procedure_reversed': "fault = 'reversed'",
        'procedure_outside_stay': "fault = 'outside stay'",
        'procedure_of_another_patient': "fault = 'another patient'",
    },
    'stays': {
        'stay_without_end': 'icu_discharged_at is null',
        'stay_time_impossible': is_impossible_time('icu_admitted_at') ~ ' or ' ~ is_impossible_time('icu_discharged_at'),
        'stay_without_heart_rate': 'has_no_grid',
        'stay_without_admission': 'hospital_admitted_at is null',
        'exposure_unknown': 'is_exposure_unknown',
    },
    'deaths': {
        'death_before_admission': 'died_at < icu_admitted_at',
        'death_in_another_admission': 'is_of_another_admission',
    },
    'admission_deaths': {
        'death_without_time': 'hospital_died_at is null',
        'death_without_flag': 'not died_hospital',
        'death_after_discharge':
            'hospital_died_at > ' ~ add_hours('hospital_discharged_at', var('stay_margin_h')),
        'death_before_later_admission': 'is_before_later_admission',
        'death_date_disagrees': 'is_date_other',
    },
    'survivors': {
        'death_date_in_stay': 'is_date_in_stay',
    },
    'dead_patients': {
        'death_date_before_admission': 'is_date_before_admission',
    },
    'admissions': {
        'discharge_before_admission': 'hospital_discharged_at < hospital_admitted_at',
    },
} -%}
with

chart_rows as (

    select * from {{ ref('int_chart_row') }}

),

weight_rows as (

    select
        concept,
        value,
        row_number() over (partition by concept, stay_id, measured_at, value order by stored_at) as charting_seq
    from {{ ref('int_chart_row') }}
    where concept in ('weight_admit', 'weight_daily') and is_used

),

lab_rows as (

    select * from {{ ref('int_lab_row') }}

),

all_stays as (

    select * from {{ ref('int_icu_stay') }}

),

usable_labs as (

    select * from {{ ref('int_lab_value') }}
    where value is not null

),

first_day_labs as (

    select
        labs.concept,
        labs.hadm_id
    from all_stays
    inner join usable_labs as labs
        on
            all_stays.subject_id = labs.subject_id
            and {{ within_first_day('labs.measured_at', 'all_stays.icu_admitted_at') }}

),

infusions as (

    select
        drug as concept,
        *
    from {{ ref('int_infusion') }}

),

rated_infusions as (

    select
        drug as concept,
        row_number() over (partition by stay_id, drug, started_at, ended_at, rate order by orderid) as charting_seq
    from {{ ref('int_infusion') }}
    where rate > 0

),

cultures as (

    select
        '' as concept,
        *
    from {{ ref('int_culture') }}

),

prescriptions as (

    select
        '' as concept,
        *
    from {{ ref('int_prescription') }}
    where is_antibiotic or is_heparin

),

urine_rows as (

    select
        '' as concept,
        *
    from {{ ref('int_urine_row') }}

),

first_day_urine as (

    select
        '' as concept,
        is_negative
    from {{ ref('int_first_day_urine') }}

),

procedures as (

    select * from {{ ref('int_procedure_row') }}

),

grid as (

    select stay_id
    from {{ ref('int_hour_grid') }}

),

unknown_exposures as (

    select stay_id
    from {{ ref('int_exposure_unknown') }}

),

stays as (

    select
        '' as concept,
        all_stays.icu_admitted_at,
        all_stays.icu_discharged_at,
        all_stays.hospital_admitted_at,
        grid.stay_id is null as has_no_grid,
        unknown_exposures.stay_id is not null as is_exposure_unknown
    from all_stays
    left join grid
        on all_stays.stay_id = grid.stay_id
    left join unknown_exposures
        on all_stays.stay_id = unknown_exposures.stay_id

),

stay_deaths as (

    select * from {{ ref('int_hospital_death') }}

),

deaths as (

    select
        '' as concept,
        stay_deaths.died_at,
        stay_deaths.is_of_another_admission,
        all_stays.icu_admitted_at
    from stay_deaths
    inner join all_stays
        on stay_deaths.stay_id = all_stays.stay_id

),

patients as (

    select * from {{ ref('stg_mimic__patients') }}

),

admissions as (

    select
        '' as concept,
        *
    from {{ ref('stg_mimic__admissions') }}

),

numbered_admissions as (

    select
        admissions.*,
        patients.died_on,
        max(admissions.hospital_admitted_at) over (partition by admissions.subject_id) as last_admitted_at,
        coalesce(admissions.hospital_died_at, admissions.hospital_discharged_at) as ended_at
    from admissions
    left join patients
        on admissions.subject_id = patients.subject_id

),

admission_deaths as (

    select
        *,
        last_admitted_at > ended_at as is_before_later_admission,
        -- a date against a time: the day before and the day after agree with it
        cast(died_on as {{ timestamp() }}) < {{ add_hours(truncate_time('day', 'ended_at'), -24) }}
        or cast(died_on as {{ timestamp() }}) > {{ add_hours(truncate_time('day', 'ended_at'), 24) }} as is_date_other
    from numbered_admissions
    where died_hospital or hospital_died_at is not null

),

survivors as (

    select
        *,
        cast(died_on as {{ timestamp() }}) >= {{ truncate_time('day', 'hospital_admitted_at') }}
        and cast(died_on as {{ timestamp() }}) < {{ truncate_time('day', 'hospital_discharged_at') }} as is_date_in_stay
    from numbered_admissions
    where not died_hospital and hospital_died_at is null

),

dead_patients as (

    select
        concept,
        min(case when died_on < cast(last_admitted_at as date) then 1 else 0 end) = 1 as is_date_before_admission
    from numbered_admissions
    where died_on is not null
    group by concept, subject_id

),

{% for relation, checks in checks_of.items() -%}
{{ relation }}_counted as (

    select
        concept,
        {%- for check, condition in checks.items() %}
        {{ count_of(condition) }} as {{ check }},
        {%- endfor %}
        count(*) as n_rows
    from {{ relation }}
    group by concept

),

{% endfor -%}
checks as (

    select * from {{ ref('quality_check') }}

),

listed_words as (

    select
        case when concept = 'oxygen_device' then 'oxygen_device' else 'ventilator_mode' end as vocabulary,
        {{ lower_case(trimmed('value_text')) }} as word
    from {{ ref('ventilation_status') }}

    union all

    select
        'drug_route' as vocabulary,
        {{ lower_case(trimmed('pattern')) }} as word
    from {{ ref('drug_name') }}
    where field = 'route'

    union all

    select
        vocabulary,
        {{ lower_case(trimmed('word')) }} as word
    from {{ ref('known_unread') }}

),

known_words as (

    select distinct
        vocabulary,
        word
    from listed_words

),

charted_words as (

    select
        case when concept = 'oxygen_device' then 'oxygen_device' else 'ventilator_mode' end as vocabulary,
        value_text as word
    from chart_rows
    where concept in ('oxygen_device', 'ventilator_mode', 'ventilator_mode_hamilton') and is_used

    union all

    select
        'blood_gas_specimen' as vocabulary,
        value_text as word
    from lab_rows
    where concept = 'specimen'

    union all

    select
        'drug_route' as vocabulary,
        route as word
    from prescriptions

    union all

    select
        'admission_type' as vocabulary,
        admission_type as word
    from admissions

),

spelled_words as (

    select
        vocabulary,
        {{ lower_case(trimmed('word')) }} as lower_word,
        min({{ byte_order(trimmed('word')) }}) as word,
        count(*) as n_charted
    from charted_words
    where {{ trimmed('word') }} <> ''
    group by vocabulary, {{ lower_case(trimmed('word')) }}

),

judged_words as (

    select
        spelled_words.vocabulary,
        spelled_words.word,
        spelled_words.n_charted,
        known_words.word is null as is_unknown,
        sum(spelled_words.n_charted) over (partition by spelled_words.vocabulary) as n_rows
    from spelled_words
    left join known_words
        on
            spelled_words.vocabulary = known_words.vocabulary
            and spelled_words.lower_word = known_words.word

),

counted as (

    select
        vocabulary || '_unknown' as check_name,
        case when is_unknown then word else '' end as concept,
        max(n_rows) as n_rows,
        sum(case when is_unknown then n_charted else 0 end) as n_affected
    from judged_words
    group by vocabulary, case when is_unknown then word else '' end
    {% for relation, checks in checks_of.items() -%}
    {% for check in checks %}
    union all

    select
        '{{ check }}' as check_name,
        concept,
        n_rows,
        {{ check }} as n_affected
    from {{ relation }}_counted
    {% endfor -%}
    {% endfor %}
),

final as (

    select
        counted.check_name,
        counted.concept,
        counted.n_rows,
        counted.n_affected
    from counted
    inner join checks
        on counted.check_name = checks.check_name

)

select * from final
