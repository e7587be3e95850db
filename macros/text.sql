{# Small letters, of A to Z alone: a server with a Turkish locale makes a dotless i of I, and finds no drug that has one. #}
{% macro lower_case(text) %}{{ return(adapter.dispatch('lower_case')(text)) }}{% endmacro %}
{% macro postgres__lower_case(text) %}lower({{ text }} collate "C"){% endmacro %}
{# lower() knows the letters of every script there #}
{# its translate takes thirty times as long as its lower, which would change other letters too: those are looked for first #}
{% macro duckdb__lower_case(text) %}case
            when strlen({{ text }}) = length({{ text }}) then lower({{ text }})
            else translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
        end{% endmacro %}
{% macro spark__lower_case(text) %}translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'){% endmacro %}

{# Byte order, so that two servers with different locales sort text alike. #}
{% macro byte_order(text) %}{{ return(adapter.dispatch('byte_order')(text)) }}{% endmacro %}
{% macro postgres__byte_order(text) %}{{ text }} collate "C"{% endmacro %}
{% macro duckdb__byte_order(text) %}{{ text }}{% endmacro %}
{% macro spark__byte_order(text) %}{{ text }}{% endmacro %}

{# Without the blanks around it; other white space stays. #}
{% macro trimmed(text) %}{{ return(adapter.dispatch('trimmed')(text)) }}{% endmacro %}
{% macro postgres__trimmed(text) %}trim({{ text }}){% endmacro %}
{% macro duckdb__trimmed(text) %}trim({{ text }}, ' '){% endmacro %}
{% macro spark__trimmed(text) %}trim({{ text }}){% endmacro %}

{# True for one word written with other blanks around it or in other case. #}
{% macro same_text(a, b) %}{{ lower_case(trimmed(a)) }} = {{ lower_case(trimmed(b)) }}{% endmacro %}

{# Words as a list of texts. #}
{% macro text_literals(words) %}'{{ words | join("', '") }}'{% endmacro %}

{# True where `part` stands in `text`, letter by letter. In a pattern of LIKE a % or _ that comes from data would stand for anything:
   "clindamycin 1%" would be found in "clindamycin 150 mg". #}
{% macro holds(text, part) %}{{ return(adapter.dispatch('holds')(text, part)) }}{% endmacro %}
{% macro postgres__holds(text, part) %}strpos({{ text }}, {{ part }}) > 0{% endmacro %}
{% macro duckdb__holds(text, part) %}contains({{ text }}, {{ part }}){% endmacro %}
{% macro spark__holds(text, part) %}instr({{ text }}, {{ part }}) > 0{% endmacro %}

{# Says that NULLs come last, where ascending order has them first. #}
{% macro nulls_last() %}{{ return(adapter.dispatch('nulls_last')()) }}{% endmacro %}
{% macro default__nulls_last() %}{% endmacro %}
{% macro spark__nulls_last() %} nulls last{% endmacro %}

{# The condition of a left join by `like`, which not every engine takes as it is. #}
{% macro outer_like(text, pattern) %}{{ return(adapter.dispatch('outer_like')(text, pattern)) }}{% endmacro %}
{% macro default__outer_like(text, pattern) %}{{ text }} like {{ pattern }}{% endmacro %}

{% macro text_literal(value) %}{{ return("'" ~ value | replace("'", "''") ~ "'") }}{% endmacro %}
