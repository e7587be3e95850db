/*
Grain       one row per published count of a release of MIMIC-IV
Definition  the same counted here, from tables that are built, each read once. The database is of a release if at least
            two of its telling counts (patients, admissions, ICU stays) are exactly the release's: then its rows apply.
            Ours agrees if it lies within tolerance_percent of the published count
Source      seed published_count
*/
{%- set counts = [
    ['patients', {'patients': 'count(*)'}],
    ['admissions', {'admissions': 'count(*)'}],
    ['stays', {
        'icu_stays': 'count(*)',
        'icu_patients': 'count(distinct subject_id)',
        'icu_admissions': 'count(distinct hadm_id)',
    }],
    ['grid', {'heart_rate_stays': 'count(*)'}],
    ['sepsis', {'sepsis3_stays': rows_where('is_sepsis3')}],
    ['sofa_hours', {'sofa_hours': 'count(*)'}],
    ['first_day_sofa', {
        'first_day_sofa_stays': 'count(*)',
        'first_day_sofa_mean': exact_mean('sofa_total'),
        'first_day_sofa_max': 'max(sofa_total)',
        'first_day_sofa_zero_stays': rows_where('sofa_total = 0'),
        'first_day_sofa_respiration_missing': rows_where('respiration is null'),
        'first_day_sofa_liver_missing': rows_where('liver is null'),
        'first_day_sofa_coagulation_missing': rows_where('coagulation is null'),
        'first_day_sofa_cns_missing': rows_where('cns is null'),
        'first_day_sofa_renal_missing': rows_where('renal is null'),
        'first_day_sofa_cardiovascular_missing': rows_where('cardiovascular is null'),
        'first_day_sofa_complete_stays': rows_where(
            'respiration is not null and liver is not null and coagulation is not null and cns is not null'
            ' and renal is not null and cardiovascular is not null'
        ),
    }],
    ['sofa_scores', {
        'first_day_sofa_median': value_at_share('sofa_total', 'stays_up_to', 'stays', 0.5),
        'first_day_sofa_p75': value_at_share('sofa_total', 'stays_up_to', 'stays', 0.75),
        'first_day_sofa_p95': value_at_share('sofa_total', 'stays_up_to', 'stays', 0.95),
    }],
    ['saps', {'saps2_stays': 'count(*)'}],
    ['suspicions', {'suspicions': 'count(*)'}],
    ['ventilation', {'ventilation_episodes': 'count(*)'}],
    ['blood_gases', {'blood_gases': 'count(*)'}],
    ['coma', {
        'gcs_times': 'count(*)',
        'gcs_stays': 'count(distinct stay_id)',
        'gcs_intubated_times': rows_where('is_intubated = 1'),
    }],
    ['urine', {'urine_times': 'count(*)'}],
    ['weights', {'weight_periods': 'count(*)'}],
    ['stay_outcomes', {
        'hospital_death_percent': percent_of(rows_where('died_hospital'), 'count(*)'),
        'icu_days_mean': exact_mean('icu_days'),
    }],
] %}
with

published as (

    select * from {{ ref('published_count') }}

),

patients as (

    select * from {{ ref('stg_mimic__patients') }}

),

admissions as (

    select * from {{ ref('stg_mimic__admissions') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

grid as (

    select * from {{ ref('int_hour_grid') }}

),

sepsis as (

    select * from {{ ref('sepsis3') }}

),

sofa_hours as (

    select * from {{ ref('sofa_hourly') }}

),

first_day_sofa as (

    select * from {{ ref('int_first_day_sofa') }}

),

saps as (

    select * from {{ ref('int_saps2') }}

),

suspicions as (

    select * from {{ ref('int_suspected_infection') }}
    where is_listed

),

ventilation as (

    select * from {{ ref('int_ventilation') }}

),

blood_gases as (

    select * from {{ ref('int_blood_gas') }}

),

coma as (

    select * from {{ ref('int_gcs') }}

),

urine as (

    select * from {{ ref('int_urine_output') }}

),

weights as (

    select * from {{ ref('int_weight_period') }}

),

stay_outcomes as (

    select * from {{ ref('outcomes') }}

),

sofa_scores as (

    select
        sofa_total,
        sum(count(*)) over (order by sofa_total rows unbounded preceding) as stays_up_to,
        sum(count(*)) over () as stays
    from first_day_sofa
    group by sofa_total

),

-- the items of mimic-code alone, whatever var vasoactive_items reads; heparin has no published count
infusions as (

    select
        drug,
        {{ lower_case(trimmed('amount_unit')) }} as unit,
        count(*) as n_rows
    from {{ ref('int_infusion') }}
    where reading = 'default'
    group by drug, {{ lower_case(trimmed('amount_unit')) }}

),

counted as (
    {% for relation, quantities in counts %}
    {{ quantities_of(relation, quantities) }}

    union all
    {% endfor %}
    select
        'infusion_rows' as quantity,
        drug as concept,
        cast(sum(n_rows) as {{ double() }}) as value
    from infusions
    group by drug

    union all

    select
        'infusion_rows_of_unit' as quantity,
        drug || ' ' || unit as concept,
        cast(n_rows as {{ double() }}) as value
    from infusions
    where unit is not null

    union all

    select
        'infusion_unit_percent' as quantity,
        drug || ' ' || unit as concept,
        {{ percent_of('n_rows', 'sum(n_rows) over (partition by drug)') }} as value
    from infusions
    where unit is not null

),

beside as (

    select
        published.*,
        coalesce(counted.value, 0) as ours,
        abs(coalesce(counted.value, 0) - published.published)
        <= published.tolerance_percent * published.published / 100 as agrees
    from published
    left join counted
        on
            published.quantity = counted.quantity
            and coalesce(published.concept, '') = counted.concept

),

releases as (

    select
        release,
        {{ rows_where('is_telling and agrees') }} as telling_agree
    from beside
    group by release

),

final as (

    select
        beside.release,
        beside.quantity,
        cast(coalesce(beside.concept, '') as {{ text() }}) as concept,
        beside.title,
        beside.measure,
        beside.model,
        beside.published,
        cast(beside.ours as {{ double() }}) as ours,
        beside.tolerance_percent,
        releases.telling_agree >= 2 as applies,
        beside.agrees,
        beside.difference,
        beside.source
    from beside
    inner join releases
        on beside.release = releases.release

)

select * from final
