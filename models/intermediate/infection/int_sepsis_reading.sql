/*
Grain       one row per ICU stay that is septic in the other reading of lab_key, culture_screening or antibiotic_list
Definition  the hour of onset as in sepsis3, with one of the three choices read the other way
Source      docs/DECISIONS.md, laboratory keys, surveillance cultures, antibiotics
*/
{%- set readings = {
    'other_lab_key': ('suspected_infection_at', 'sofa_24h_other_lab_key'),
    'other_screening': ('suspected_infection_at_other_screening', 'sofa_24h'),
    'other_antibiotics': ('suspected_infection_at_other_antibiotics', 'sofa_24h'),
} %}
with

suspicions as (

    select * from {{ ref('int_suspected_infection') }}
    where stay_id is not null

),

sofa as (

    select * from {{ ref('sofa_hourly') }}

),

grid as (

    select * from {{ ref('int_hour_grid') }}

),

hours as (

    select
        sofa.stay_id,
        {{ add_hours('grid.grid_start', 'sofa.hr') }} as sofa_at,
        sofa.sofa_24h,
        sofa.sofa_24h_other_lab_key
    from sofa
    inner join grid
        on sofa.stay_id = grid.stay_id
    where
        sofa.sofa_24h >= {{ var('sepsis_sofa_min') }}
        or sofa.sofa_24h_other_lab_key >= {{ var('sepsis_sofa_min') }}

),

{% for reading, (suspected_at, score) in readings.items() -%}
{{ reading }} as (

    select
        suspicions.stay_id,
        suspicions.{{ suspected_at }} as suspected_at,
        min(hours.sofa_at) as sofa_at
    -- a suspicion has a row for each of its antibiotics
    from (select distinct stay_id, {{ suspected_at }} from suspicions) as suspicions
    inner join hours
        on
            suspicions.stay_id = hours.stay_id
            and {{ within_hours(
                'hours.sofa_at', 'suspicions.' ~ suspected_at,
                var('sepsis_sofa_before_infection_max_h'), var('sepsis_sofa_after_infection_max_h')
            ) }}
    where hours.{{ score }} >= {{ var('sepsis_sofa_min') }}
    group by suspicions.stay_id, suspicions.{{ suspected_at }}

),

{% endfor -%}
read_otherwise as (
    {% for reading in readings %}
    select
        stay_id,
        '{{ reading }}' as reading,
        suspected_at,
        sofa_at
    from {{ reading }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

onsets as (

    select
        stay_id,
        reading,
        sofa_at,
        row_number() over (partition by stay_id, reading order by suspected_at) as onset_seq
    from read_otherwise

),

final as (

    select
        {%- for reading in readings %}
        max(case when reading = '{{ reading }}' then sofa_at end) as sofa_at_{{ reading }},
        {%- endfor %}
        stay_id
    from onsets
    where onset_seq = 1
    group by stay_id

)

select * from final
