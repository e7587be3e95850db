int_urine_day as urine_day
inner join int_urine_output as output using (stay_id, measured_at)
