{# Sums and means that do not depend on the order of rows: doubles are added as decimal numbers, times in whole seconds. Adding
   doubles would move the last digit, and with it a value that lies on a threshold. #}

{% macro exact_sum(value) %}{{ return(adapter.dispatch('exact_sum')(value)) }}{% endmacro %}
{% macro postgres__exact_sum(value) %}cast(sum(cast({{ value }} as numeric)) as double precision){% endmacro %}

{% macro exact_mean(value) %}{{ return(adapter.dispatch('exact_mean')(value)) }}{% endmacro %}
{% macro postgres__exact_mean(value) %}cast(avg(cast({{ value }} as numeric)) as double precision){% endmacro %}

{# Hours of a group's intervals together; one that ends before it starts has none. #}
{% macro total_hours(a, b) %}(cast(sum(greatest({{ epoch_seconds(b) }} - {{ epoch_seconds(a) }}, 0)) as double precision) / 3600){% endmacro %}
