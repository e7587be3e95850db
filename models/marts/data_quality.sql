/*
Grain       one row per check and, where it is about items or words, per concept, drug or unknown word that occurs
Definition  how many of the rows that the study reads are faulty; what becomes of them, limits and meaning are in the
            seed quality_check. A word that no seed knows is compared with all words of its vocabulary
*/
with

checks as (

    select * from {{ ref('quality_check') }}

),

counted as (

    select * from {{ ref('int_quality_count') }}

),

final as (

    select
        checks.check_name,
        checks.source_table,
        cast(coalesce(counted.concept, '') as {{ text() }}) as concept,
        cast(coalesce(counted.n_rows, 0) as bigint) as n_rows,
        cast(coalesce(counted.n_affected, 0) as bigint) as n_affected,
        case when counted.n_rows > 0 then 100.0 * counted.n_affected / counted.n_rows else 0 end as percent,
        coalesce(checks.warn_above_percent, {{ var('quality_unknown_word_percent') }}) as warn_above_percent,
        checks.warn_above_percent is null as is_about_words,
        checks.error_above_percent,
        checks.handling,
        checks.meaning
    from checks
    left join counted
        on checks.check_name = counted.check_name

)

select
    check_name,
    source_table,
    concept,
    n_rows,
    n_affected,
    cast(percent as {{ double() }}) as percent_affected,
    cast(warn_above_percent as {{ double() }}) as warn_above_percent,
    error_above_percent,
    handling,
    meaning,
    is_about_words
from final
