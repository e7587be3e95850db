{# Byte order, so that two servers with different locales sort text alike. #}
{% macro byte_order(text) %}{{ return(adapter.dispatch('byte_order')(text)) }}{% endmacro %}
{% macro postgres__byte_order(text) %}{{ text }} collate "C"{% endmacro %}
