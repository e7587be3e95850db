{{ config(enabled=var('zigong') and var('zigong_nursing')) }}

/*
Grain       one row per patient and time of the nursing chart
Definition  the only scan of dtNursingChart. Pressure: the mean as charted, or else of the arterial line, or else of the
            cuff. The Glasgow Coma Scale where all three parts begin with a number
Source      seed zigong_nursing_item (ranges of chart_item)
Deviation   left out unless var zigong_nursing says otherwise: most of its times lie before hospital admission
*/
with

chart as (

    select * from {{ ref('stg_zigong__nursing') }}

),

items as (

    select * from {{ ref('zigong_nursing_item') }}

),

texts as (

    select
        chart.admission_id,
        chart.charted_h,
        items.concept,
        items.value_above,
        items.value_below,
        case items.concept
            when 'heart_rate' then chart.heart_rate
            when 'map' then chart.map
            when 'sbp_invasive' then chart.sbp_invasive
            when 'dbp_invasive' then chart.dbp_invasive
            when 'sbp_cuff' then chart.sbp_cuff
            when 'dbp_cuff' then chart.dbp_cuff
            -- a digit, an arrow and words
            when 'gcs_eyes' then substring(chart.gcs_eyes, 1, 1)
            when 'gcs_motor' then substring(chart.gcs_motor, 1, 1)
            when 'gcs_verbal' then substring(chart.gcs_verbal, 1, 1)
        end as value_text
    from chart
    cross join items

),

numbers as (

    select
        admission_id,
        charted_h,
        concept,
        value_above,
        value_below,
        {{ number_in('value_text') }} as value
    from texts

),

charted as (

    select
        admission_id,
        charted_h,
        {%- for concept in ['heart_rate', 'map', 'sbp_invasive', 'dbp_invasive', 'sbp_cuff', 'dbp_cuff'] %}
        max(case when concept = '{{ concept }}' then value end) as {{ concept }},
        {%- endfor %}
        min(case when concept = 'gcs_eyes' then value end) as gcs_eyes,
        min(case when concept = 'gcs_motor' then value end) as gcs_motor,
        min(case when concept = 'gcs_verbal' then value end) as gcs_verbal
    from numbers
    where value > value_above and value < value_below
    group by admission_id, charted_h

),

final as (

    select
        admission_id,
        charted_h,
        heart_rate,
        coalesce(
            map,
            (sbp_invasive + 2 * dbp_invasive) / 3,
            (sbp_cuff + 2 * dbp_cuff) / 3
        ) as map,
        gcs_eyes + gcs_motor + gcs_verbal as gcs
    from charted

)

select * from final
