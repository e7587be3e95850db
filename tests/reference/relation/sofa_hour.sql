sofa_hourly as worst
inner join int_sofa_hour as measured using (stay_id, hr)
inner join int_hour_grid as grid using (stay_id)
