/*
Grain       one row per ICU stay with a vital sign in the first-day window
Definition  lowest, highest and mean vital signs of the first day
Source      mimic-code first_day_vitalsign
Deviation   glucose above 10,000 mg/dL is implausible, as in the laboratory (docs/DECISIONS.md, glucose)
*/
with

vitals as (

    select * from {{ ref('int_first_day_vital_row') }}
    where stay_id = charting_stay_id

),

final as (

    select
        stay_id,
        {% for vital in ['heart_rate', 'sbp', 'map', 'resp_rate', 'temperature_c', 'spo2', 'glucose'] -%}
        min({{ vital }}) as {{ vital }}_min,
        max({{ vital }}) as {{ vital }}_max,
        {{ exact_mean(vital) }} as {{ vital }}_mean,
        {% endfor -%}
        count(*) as charted_times
    from vitals
    group by stay_id

)

select * from final
