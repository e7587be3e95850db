{# Is a charted row one of its stay? Models that scan charted rows join int_stay_bounds as `bounds` and keep a `fault`. #}

{# True when `time` lies beyond the margin around the stay. #}
{% macro is_outside_stay(time) %}({{ time }} < bounds.earliest_at or {{ time }} > bounds.latest_at){% endmacro %}

{# True for a row whose time and patient are the stay's, whatever its number. #}
{% macro is_of_stay(fault) %}coalesce({{ fault }}, '') not in ('impossible time', 'another patient', 'outside stay'){% endmacro %}

{# True for a laboratory result of the stay's hospital admission, by its time. #}
{% macro is_within_admission(time) %}{{ time }} >= bounds.hospital_earliest_at
        and coalesce({{ time }} <= bounds.hospital_latest_at, true){% endmacro %}
