/*
Grain       one row per drug name and route found in prescriptions
Definition  is it a systemic antibiotic, by the list in force (var antibiotic_list) and by the one beside it; is it
            heparin, or an exposure that serves as a negative control? Names are matched once per distinct name, not
            once per prescription
Source      seeds drug_name (names, routes and preparations of mimic-code antibiotic; what the extended lists change) and
            negative_control_exposure
Deviation   reads prescriptions a second time, for its few thousand distinct names: far cheaper than 200 patterns on
            every row
*/
with

prescriptions as (

    select * from {{ ref('stg_mimic__prescriptions') }}

),

patterns as (

    select
        field,
        concept,
        {{ lower_case('pattern') }} as pattern,
        match,
        case when {{ is_in_list('lists', antibiotic_list('chosen')) }} then 1 else 0 end as is_chosen,
        case when {{ is_in_list('lists', antibiotic_list('other')) }} then 1 else 0 end as is_other,
        case when {{ is_in_list('lists', var('heparin_names')) }} then 1 else 0 end as is_of_heparin
    from {{ ref('drug_name') }}

),

names as (

    select
        drug,
        coalesce(route, '') as route,
        -- a component of type BASE (vials, saline) alone does not make an antibiotic
        max(case when drug_type <> 'BASE' and route is not null then 1 else 0 end) as has_main_component
    from prescriptions
    where drug is not null
    group by drug, coalesce(route, '')

),

matched as (

    select
        names.drug,
        names.route,
        max(names.has_main_component) as has_main_component,
        {%- for list in ['chosen', 'other'] %}
        max(case when patterns.concept = 'antibiotic' then patterns.is_{{ list }} else 0 end) as names_antibiotic_{{ list }},
        max(case when patterns.concept = 'excluded' then patterns.is_{{ list }} else 0 end) as is_not_systemic_{{ list }},
        {%- endfor %}
        max(case when patterns.concept = 'heparin' then 1 else 0 end) as names_heparin,
        max(case when patterns.concept = 'heparin_not_given' then patterns.is_of_heparin else 0 end) as is_not_given
    from names
    inner join patterns
        on
            (
                patterns.field = 'drug' and patterns.match = 'contains'
                and {{ holds(lower_case('names.drug'), 'patterns.pattern') }}
            )
            or (
                patterns.field = 'drug' and patterns.match = 'equals'
                and {{ lower_case(trimmed('names.drug')) }} = patterns.pattern
            )
            or (
                patterns.field = 'route' and patterns.match = 'contains'
                and {{ holds(lower_case('names.route'), 'patterns.pattern') }}
            )
            or (
                patterns.field = 'route' and patterns.match = 'equals'
                and {{ lower_case(trimmed('names.route')) }} = patterns.pattern
            )
    group by names.drug, names.route

),

controls as (

    select distinct
        names.drug,
        names.route
    from names
    inner join {{ ref('negative_control_exposure') }} as controls
        on {{ is_named('names', 'controls') }}

),

final as (

    select
        names.drug,
        names.route,
        coalesce(
            matched.names_antibiotic_chosen = 1 and matched.has_main_component = 1 and matched.is_not_systemic_chosen = 0, false
        ) as is_antibiotic,
        coalesce(
            matched.names_antibiotic_other = 1 and matched.has_main_component = 1 and matched.is_not_systemic_other = 0, false
        ) as is_antibiotic_otherwise,
        coalesce(matched.names_heparin = 1 and matched.is_not_given = 0, false) as is_heparin,
        controls.drug is not null as is_control
    from names
    left join matched
        on names.drug = matched.drug and names.route = matched.route
    left join controls
        on names.drug = controls.drug and names.route = controls.route

)

select * from final
where is_antibiotic or is_antibiotic_otherwise or is_heparin or is_control
