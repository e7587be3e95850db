(
    select
        stay_id,
        measured_at,
        max(value_text) as mode
    from int_chart_value
    where concept = 'crrt_mode'
    group by stay_id, measured_at
) as modes
