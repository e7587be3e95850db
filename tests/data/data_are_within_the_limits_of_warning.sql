-- More of it than usual; the report's section on data quality tells what it means for the study.
{{ config(severity='warn') }}
select
    check_name,
    concept
from {{ ref('data_quality') }}
where percent_affected > warn_above_percent
