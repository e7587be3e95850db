/*
Grain       one row per ICU stay with urine charted on the first day
Definition  urine (mL) from ICU admission to first_day_after_h later; more rinsing fluid in than out is no urine, not less
            than none
Source      mimic-code first_day_urine_output
Deviation   mimic-code gives a negative volume then (urine_negative: mimic_code)
*/
with

stays as (

    select * from {{ ref('int_icu_stay') }}

),

urine as (

    select * from {{ ref('int_urine_output') }}

),

summed as (

    select
        stays.stay_id,
        {{ exact_sum('urine.urine_ml') }} as charted_ml
    from stays
    inner join urine
        on
            stays.stay_id = urine.stay_id
            and {{ within_hours('urine.measured_at', 'stays.icu_admitted_at', 0, var('first_day_after_h')) }}
    group by stays.stay_id

),

final as (

    select
        stay_id,
        {% if var('urine_negative') == 'zero' -%}
        case when charted_ml < 0 then 0 else charted_ml end as urine_ml,
        {%- else -%}
        charted_ml as urine_ml,
        {%- endif %}
        coalesce(charted_ml < 0, false) as is_negative
    from summed

)

select * from final
