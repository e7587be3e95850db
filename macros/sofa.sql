{# SOFA points of one organ from its worst measurements; NULL when none was taken (Vincent 1996, thresholds in vars).
   The hourly and the first-day score share these. #}

{# The worst of each kind of measurement that the points are made of, of a group of rows with `measure` and `value`. Of 24-hour urine in an hour the
   highest, as mimic-code, unless `urine` is min. #}
{% macro worst_measurements(urine='max') %}min(case when measure = 'pao2fio2_not_ventilated' then value end) as pao2fio2_not_ventilated,
        min(case when measure = 'pao2fio2_ventilated' then value end) as pao2fio2_ventilated,
        min(case when measure = 'platelets' then value end) as platelets_min,
        max(case when measure = 'bilirubin' then value end) as bilirubin_max,
        max(case when measure = 'dopamine' then value end) as dopamine_max,
        max(case when measure = 'epinephrine' then value end) as epinephrine_max,
        max(case when measure = 'norepinephrine' then value end) as norepinephrine_max,
        max(case when measure = 'dobutamine' then value end) as dobutamine_max,
        min(case when measure = 'gcs' then value end) as gcs_min,
        max(case when measure = 'creatinine' then value end) as creatinine_max,
        {{ urine }}(case when measure = 'urine_day' then value end) as urine_ml_day
{%- endmacro %}

{# `ventilated_rule` hourly: the full scale for ventilated patients; mimic_code: no points for a ventilated ratio of 200 or more. #}
{% macro sofa_respiration(ventilated, not_ventilated, ventilated_rule='hourly') %}
{%- set below = var('sofa_pao2fio2_below') -%}
case
        {%- for points in points_of(below) %}
        {%- set threshold = threshold_of(below, points) %}
        {%- if ventilated_rule == 'hourly' or points > var('sofa_pao2fio2_max_points_not_ventilated') %}
        when {{ ventilated }} < {{ threshold }} then {{ points }}
        {%- endif %}
        {%- if points <= var('sofa_pao2fio2_max_points_not_ventilated') %}
        when {{ not_ventilated }} < {{ threshold }} then {{ points }}
        {%- endif %}
        {%- endfor %}
        when coalesce({{ ventilated }}, {{ not_ventilated }}) is not null then 0
    end
{%- endmacro %}

{% macro sofa_coagulation(platelets) %}case
        {{- points_when(platelets, '<', var('sofa_platelets_below_k_ul')) }}
        when {{ platelets }} is not null then 0
    end
{%- endmacro %}

{% macro sofa_liver(bilirubin) %}case
        {{- points_when(bilirubin, '>=', var('sofa_bilirubin_at_least_mg_dl')) }}
        when {{ bilirubin }} is not null then 0
    end
{%- endmacro %}

{% macro sofa_cardiovascular(map, dopamine, epinephrine, norepinephrine, dobutamine) %}
{%- set dopamine_above = var('sofa_dopamine_above_mcg_kg_min') -%}
{%- set catecholamine_above = var('sofa_catecholamine_above_mcg_kg_min') -%}
case
        when
            {{ dopamine }} > {{ threshold_of(dopamine_above, 4) }}
            or {{ epinephrine }} > {{ threshold_of(catecholamine_above, 4) }}
            or {{ norepinephrine }} > {{ threshold_of(catecholamine_above, 4) }}
            then 4
        when
            {{ dopamine }} > {{ threshold_of(dopamine_above, 3) }}
            or {{ epinephrine }} is not null
            or {{ norepinephrine }} is not null
            then 3
        when {{ dopamine }} > {{ threshold_of(dopamine_above, 2) }} or {{ dobutamine }} > {{ threshold_of(dopamine_above, 2) }} then 2
        {{- points_when(map, '<', var('sofa_map_below_mmhg')) }}
        when coalesce({{ map }}, {{ dopamine }}, {{ dobutamine }}) is not null then 0
    end
{%- endmacro %}

{% macro sofa_cns(gcs) %}case
        {{- points_when(gcs, '<=', var('sofa_gcs_at_most')) }}
        when {{ gcs }} is not null then 0
    end
{%- endmacro %}

{% macro sofa_renal(creatinine, urine) %}
{%- set creatinine_from = var('sofa_creatinine_at_least_mg_dl') -%}
{%- set urine_below = var('sofa_urine_below_ml_day') -%}
case
        {%- for points in points_of(creatinine_from) %}
        when {{ creatinine }} >= {{ threshold_of(creatinine_from, points) }}
            {%- if points in points_of(urine_below) %} or {{ urine }} < {{ threshold_of(urine_below, points) }}{% endif %} then {{ points }}
        {%- endfor %}
        when coalesce({{ creatinine }}, {{ urine }}) is not null then 0
    end
{%- endmacro %}

{# Every row of `hours` with the worst points of each organ (0 to 4) in the sofa_window_h hours of the stay that end there; missing = 0. #}
{% macro sofa_worst(hours, organs) %}{{ return(adapter.dispatch('sofa_worst')(hours, organs)) }}{% endmacro %}
{# p points count while the latest hour with p or more lies within reach: a maximum over the last 24 rows would look at each of them
   again for every hour #}
{% macro default__sofa_worst(hours, organs) %}select
        stay_id,
        hr
        {%- for organ in organs %},
        case
            {%- for level in [4, 3, 2, 1] %}
            when
                max(case when {{ organ }} >= {{ level }} then hr end)
                    over (partition by stay_id order by hr rows unbounded preceding) > hr - {{ var('sofa_window_h') }}
                then {{ level }}
            {%- endfor %}
            else 0
        end as {{ organ }}
        {%- endfor %}
    from {{ hours }}
{%- endmacro %}
{# it keeps such an aggregate in a tree: one for all organs, each with a bit for each number of points #}
{% macro duckdb__sofa_worst(hours, organs) %}select
        stay_id,
        hr
        {%- for organ in organs %},
        {%- set place = loop.index0 * 4 %}
        case
            {%- for level in [4, 3, 2, 1] %}
            when reached & {{ 2 ** (place + level - 1) }} > 0 then {{ level }}
            {%- endfor %}
            else 0
        end as {{ organ }}
        {%- endfor %}
    from (
        select
            stay_id,
            hr,
            bit_or(
                {%- for organ in organs %}
                case when {{ organ }} > 0 then cast(1 as bigint) << ({{ organ }} - 1 + {{ loop.index0 * 4 }}) else 0 end
                {%- if not loop.last %} |{% endif %}
                {%- endfor %}
            ) over (
                partition by stay_id order by hr range between {{ var('sofa_window_h') - 1 }} preceding and current row
            ) as reached
        from {{ hours }}
    ) as packed
{%- endmacro %}
