/*
Grain       one row per ICU stay; every stay of icustays
Definition  the stay with its admission and patient; age at hospital admission; the patient's ICU stays in order
Source      mimic-code age and icustay_detail
            ethnicity_unknown: apart keeps a race that nobody knows apart from the others
Deviation   a stay under another patient's admission has no admission. Stays of a patient are numbered in one sequence over
            all admissions that had an ICU stay, ties broken by stay_id
*/
with

stays as (

    select * from {{ ref('stg_mimic__icustays') }}

),

admissions as (

    select * from {{ ref('stg_mimic__admissions') }}

),

patients as (

    select * from {{ ref('stg_mimic__patients') }}

),

ethnicity_groups as (

    select * from {{ ref('ethnicity_group') }}

),

final as (

    select
        stays.stay_id,
        stays.subject_id,
        stays.hadm_id,
        stays.first_careunit,
        stays.icu_admitted_at,
        stays.icu_discharged_at,
        admissions.hospital_admitted_at,
        admissions.hospital_discharged_at,
        admissions.admission_type,
        patients.sex,
        patients.died_on,
        patients.anchor_year_group as year_group,
        patients.anchor_age
        + {{ year_of('admissions.hospital_admitted_at') }} - patients.anchor_year as age_years,
        case
            when admissions.hadm_id is null then null
            {%- if var('ethnicity_unknown') == 'apart' %}
            when coalesce({{ trimmed('admissions.race') }}, '') = '' then 'unknown'
            {%- else %}
            when ethnicity_groups.ethnicity = 'unknown' then 'other'
            {%- endif %}
            else coalesce(ethnicity_groups.ethnicity, 'other')
        end as ethnicity,
        {{ hours_between('stays.icu_admitted_at', 'stays.icu_discharged_at') }} as icu_stay_h,
        row_number() over (
            partition by stays.subject_id
            order by admissions.hospital_admitted_at{{ nulls_last() }}, stays.icu_admitted_at{{ nulls_last() }}, stays.stay_id
        ) as subject_stay_seq
    from stays
    left join admissions
        on stays.hadm_id = admissions.hadm_id and stays.subject_id = admissions.subject_id
    left join patients
        on stays.subject_id = patients.subject_id
    left join ethnicity_groups
        on {{ outer_like(lower_case(trimmed('admissions.race')), lower_case('ethnicity_groups.race_prefix') ~ " || '%'") }}

)

select * from final
