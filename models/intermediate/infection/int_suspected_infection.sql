/*
Grain       one row per prescription of a systemic antibiotic, by the list in force or the one beside it
Definition  infection is suspected when a culture was taken up to culture_before_antibiotic_max_h before the antibiotic,
            or up to culture_after_antibiotic_max_h after it; its time is the earlier of the two. The earliest culture
            of each kind counts. suspected_known_at: the later of the two, at which there is something to suspect; a
            culture without a time is known when its day has ended
Source      mimic-code suspicion_of_infection
Deviation   none; a culture with a date only is compared by date and placed at midnight. culture_screening: ignore leaves
            out screens for carriers; the other reading of the two stands beside it, and so does that of antibiotic_list
*/
{%- set order_of_cultures -%}
order by cultured_on asc nulls first, cultured_at asc nulls last, is_positive desc, micro_specimen_id asc
{%- endset %}
{%- set counted = 'counted_seq = 1' -%}
{%- set ignored = 'is_screening = 0 and ignored_seq = 1' -%}
{%- set chosen, other = (counted, ignored) if var('culture_screening') == 'count' else (ignored, counted) %}
with

antibiotics as (

    select
        subject_id,
        hadm_id,
        stay_id,
        antibiotic,
        antibiotic_seq,
        started_at,
        is_listed,
        is_listed_otherwise,
        {{ truncate_time('day', 'started_at') }} as started_on
    from {{ ref('int_antibiotic') }}

),

cultures as (

    select
        subject_id,
        micro_specimen_id,
        cultured_at,
        cast(cultured_on as {{ timestamp() }}) as cultured_on,
        coalesce(cultured_at, cast(cultured_on as {{ timestamp() }})) as culture_at,
        coalesce(cultured_at, {{ add_hours('cast(cultured_on as ' ~ timestamp() ~ ')', 24) }}) as known_at,
        specimen,
        is_positive,
        is_screening
    from {{ ref('int_culture') }}
    where fault is null

),

pairs as (

    select
        antibiotics.subject_id,
        antibiotics.antibiotic_seq,
        cultures.micro_specimen_id,
        cultures.cultured_on,
        cultures.cultured_at,
        cultures.culture_at,
        cultures.known_at,
        cultures.specimen,
        cultures.is_positive,
        cultures.is_screening,
        case
            when cultures.cultured_at is not null
                then
                    antibiotics.started_at > cultures.cultured_at
                    and antibiotics.started_at
                    <= {{ add_hours('cultures.cultured_at', var('culture_before_antibiotic_max_h')) }}
            else
                antibiotics.started_on >= cultures.cultured_on
                and antibiotics.started_on
                <= {{ add_hours('cultures.cultured_on', var('culture_before_antibiotic_max_h')) }}
        end as is_culture_first,
        case
            when cultures.cultured_at is not null
                then
                    antibiotics.started_at < cultures.cultured_at
                    and antibiotics.started_at
                    >= {{ add_hours('cultures.cultured_at', -1 * var('culture_after_antibiotic_max_h')) }}
            else
                antibiotics.started_on <= cultures.cultured_on
                and antibiotics.started_on
                >= {{ add_hours('cultures.cultured_on', -1 * var('culture_after_antibiotic_max_h')) }}
        end as is_antibiotic_first
    from antibiotics
    inner join cultures
        on antibiotics.subject_id = cultures.subject_id

),

near as (

    select *
    from pairs
    where is_culture_first or is_antibiotic_first

),

ranked as (

    select
        *,
        row_number() over (
            partition by subject_id, antibiotic_seq, is_culture_first {{ order_of_cultures }}
        ) as counted_seq,
        row_number() over (
            partition by subject_id, antibiotic_seq, is_culture_first, is_screening {{ order_of_cultures }}
        ) as ignored_seq
    from near

),

{% for reading, condition in [('', chosen), ('other_', other)] -%}
{{ reading }}culture_first as (

    select * from ranked
    where is_culture_first and {{ condition }}

),

{{ reading }}antibiotic_first as (

    select * from ranked
    where is_antibiotic_first and {{ condition }}

),

{% endfor -%}
suspected as (

    select
        antibiotics.subject_id,
        antibiotics.hadm_id,
        antibiotics.stay_id,
        antibiotics.antibiotic_seq,
        antibiotics.antibiotic,
        antibiotics.started_at as antibiotic_at,
        antibiotics.is_listed,
        antibiotics.is_listed_otherwise,
        case
            when culture_first.specimen is not null or antibiotic_first.specimen is not null
                then coalesce(culture_first.culture_at, antibiotics.started_at)
        end as suspected_at,
        case
            when culture_first.specimen is not null or antibiotic_first.specimen is not null
                then {{ later_of('antibiotics.started_at', 'coalesce(culture_first.known_at, antibiotic_first.known_at)') }}
        end as suspected_known_at,
        case
            when other_culture_first.specimen is not null or other_antibiotic_first.specimen is not null
                then coalesce(other_culture_first.culture_at, antibiotics.started_at)
        end as suspected_at_other_screening,
        coalesce(culture_first.culture_at, antibiotic_first.culture_at) as culture_at,
        coalesce(culture_first.specimen, antibiotic_first.specimen) as specimen,
        coalesce(culture_first.is_positive, antibiotic_first.is_positive) as is_positive
    from antibiotics
    left join culture_first
        on
            antibiotics.subject_id = culture_first.subject_id
            and antibiotics.antibiotic_seq = culture_first.antibiotic_seq
    left join antibiotic_first
        on
            antibiotics.subject_id = antibiotic_first.subject_id
            and antibiotics.antibiotic_seq = antibiotic_first.antibiotic_seq
    left join other_culture_first
        on
            antibiotics.subject_id = other_culture_first.subject_id
            and antibiotics.antibiotic_seq = other_culture_first.antibiotic_seq
    left join other_antibiotic_first
        on
            antibiotics.subject_id = other_antibiotic_first.subject_id
            and antibiotics.antibiotic_seq = other_antibiotic_first.antibiotic_seq

),

final as (

    select
        subject_id,
        hadm_id,
        stay_id,
        antibiotic_seq,
        antibiotic,
        antibiotic_at,
        is_listed,
        case when is_listed then suspected_at end as suspected_infection_at,
        case when is_listed then suspected_known_at end as suspected_known_at,
        case when is_listed then suspected_at_other_screening end as suspected_infection_at_other_screening,
        case when is_listed_otherwise then suspected_at end as suspected_infection_at_other_antibiotics,
        culture_at,
        specimen,
        is_positive
    from suspected

)

select * from final
