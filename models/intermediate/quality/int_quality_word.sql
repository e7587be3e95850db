{{ config(materialized='view') }}

/*
Grain       one row per vocabulary and word that no list has; one with an empty word for the rest of a vocabulary
Definition  how many rows have words that no seed knows: ventilator modes, oxygen devices, blood gas specimens, routes of
            drugs, types of admission. The check of a vocabulary is <vocabulary>_unknown; spellings that differ in case
            or blanks are one word. What only ventilation_words: extended reads is unknown to the other reading
Source      seeds ventilation_status, drug_name, known_unread
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
    from {{ ref('int_chart_row') }}
    where concept in ('oxygen_device', 'ventilator_mode', 'ventilator_mode_hamilton') and is_used

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
