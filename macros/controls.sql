{# The positive control of the stays in `relation` (stay_id, began_at): a heart rate too low within the window after `began_at`, and when
   the first was measured (hours). is_known: any was measured. #}
{% macro bradycardia_of(relation) %}
    select
        {{ relation }}.stay_id,
        count(heart_rates.value) > 0 as is_known,
        coalesce(min(heart_rates.value) < {{ var('positive_control_heart_rate_below') }}, false) as bradycardia_48h,
        min(case when heart_rates.value < {{ var('positive_control_heart_rate_below') }} then
            {{ hours_between(relation ~ '.began_at', 'heart_rates.measured_at') }}
        end) as first_bradycardia_h
    from {{ relation }}
    left join {{ ref('int_chart_value') }} as heart_rates
        on
            {{ relation }}.stay_id = heart_rates.stay_id
            and heart_rates.concept = 'heart_rate'
            and heart_rates.measured_at > {{ relation }}.began_at
            and heart_rates.measured_at <= {{ add_hours(relation ~ '.began_at', var('positive_control_window_h')) }}
    group by {{ relation }}.stay_id
{% endmacro %}
