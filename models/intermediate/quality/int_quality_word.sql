{{ config(materialized='view') }}

/*
Grain       one row per vocabulary and word that no list has; one with an empty word for the rest of a vocabulary
Definition  how many rows have words that no seed knows: ventilator modes, oxygen devices, blood gas specimens, routes of
            drugs, types of admission, races, code status, verbal answers of the coma scale. The check of a vocabulary is
            <vocabulary>_unknown; spellings that differ in case or blanks are one word. What only ventilation_words: extended
            reads is unknown to the other reading
Source      seeds ventilation_status, code_status, drug_name, ethnicity_group, known_unread; var gcs_verbal_intubated_text
*/
with

listed_words as (

    select
        case when concept = 'oxygen_device' then 'oxygen_device' else 'ventilator_mode' end as vocabulary,
        {{ lower_case(trimmed('value_text')) }} as word
    from {{ ref('ventilation_status') }}
    where reading in ('both', '{{ var("ventilation_words") }}')

    union all

    select
        'code_status' as vocabulary,
        {{ lower_case(trimmed('value_text')) }} as word
    from {{ ref('code_status') }}

    union all

    select
        'gcs_verbal' as vocabulary,
        {{ lower_case(trimmed(text_literal(var('gcs_verbal_intubated_text')))) }} as word

    union all

    -- a group is known by how its races begin
    select
        'race' as vocabulary,
        {{ lower_case(trimmed('admissions.race')) }} as word
    from {{ ref('stg_mimic__admissions') }} as admissions
    inner join {{ ref('ethnicity_group') }} as listed_races
        on {{ lower_case(trimmed('admissions.race')) }} like {{ lower_case('listed_races.race_prefix') }} || '%'

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
        case when concept = 'ventilator_mode_hamilton' then 'ventilator_mode' else concept end as vocabulary,
        value_text as word
    from {{ ref('int_chart_row') }}
    where
        concept in ('oxygen_device', 'ventilator_mode', 'ventilator_mode_hamilton', 'code_status', 'gcs_verbal')
        and is_used
        -- a verbal answer can be charted as its number, which is no word
        and (concept <> 'gcs_verbal' or {{ number_in('value_text') }} is null)

    union all

    select
        'blood_gas_specimen' as vocabulary,
        value_text as word
    from {{ ref('int_lab_row') }}
    where concept = 'specimen'

    union all

    select
        'drug_route' as vocabulary,
        route as word
    from {{ ref('int_prescription') }}
    where is_antibiotic or is_heparin

    union all

    select
        'admission_type' as vocabulary,
        admission_type as word
    from {{ ref('stg_mimic__admissions') }}

    union all

    select
        'race' as vocabulary,
        race as word
    from {{ ref('stg_mimic__admissions') }}

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

final as (

    select
        vocabulary || '_unknown' as check_name,
        case when is_unknown then word else '' end as concept,
        max(n_rows) as n_rows,
        sum(case when is_unknown then n_charted else 0 end) as n_affected
    from judged_words
    group by vocabulary, case when is_unknown then word else '' end

)

select * from final
