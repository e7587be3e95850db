/*
Grain       one row per check of the seed quality_check and, where it is about items or words, per concept, drug or word
Definition  how many of the rows that the study reads are faulty. A check is a name and a condition on a relation, in the
            model of its theme; its limits, and what it means, are its row of the seed
Source      the models below
*/
with

measurements as (

    select * from {{ ref('int_quality_measurement') }}

),

treatments as (

    select * from {{ ref('int_quality_treatment') }}

),

stays as (

    select * from {{ ref('int_quality_stay') }}

),

words as (

    select * from {{ ref('int_quality_word') }}

),

final as (
    {% for theme in ['measurements', 'treatments', 'stays', 'words'] %}
    select
        check_name,
        concept,
        n_rows,
        n_affected
    from {{ theme }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select * from final
