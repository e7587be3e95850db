{# `when` lines of a points table, worst first: {points: threshold} compared to `value` by `operator`. #}
{% macro points_when(value, operator, thresholds) %}
{%- for points in points_of(thresholds) %}
        when {{ value }} {{ operator }} {{ threshold_of(thresholds, points) }} then {{ points }}
{%- endfor %}
{% endmacro %}

{# The points of a table, most first. Its keys are text (with numbers, dbt cannot keep what it has parsed) or numbers. #}
{% macro points_of(thresholds) %}{{ return(thresholds.keys() | map('int') | sort(reverse=true) | list) }}{% endmacro %}
{% macro threshold_of(thresholds, points) %}{{ return(thresholds.get(points, thresholds.get(points | string))) }}{% endmacro %}

{# Points of the SIC score (Iba 2017) from the worst measurements; a missing one gives none. Both cohorts share these. #}
{% macro sic_platelets(platelets) %}case
            {{- points_when(platelets, '<', var('sic_platelets_below_k_ul')) }}
            else 0
        end
{%- endmacro %}
{% macro sic_inr(inr) %}case
            {{- points_when(inr, '>', var('sic_inr_above')) }}
            else 0
        end
{%- endmacro %}
{% macro sic_sofa(sofa) %}case
            {{- points_when(sofa, '>=', var('sic_sofa_at_least')) }}
            else 0
        end
{%- endmacro %}
