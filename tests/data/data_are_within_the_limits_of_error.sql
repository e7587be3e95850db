-- What real data break in small numbers stops the study when it becomes a share of the rows that would move its results.
select
    check_name,
    concept
from {{ ref('data_quality') }}
where percent_affected > error_above_percent
