-- septic stays, with the organ points of the hour of onset
(
    select
        stays.subject_id,
        sepsis3.*,
        worst.*
    from sepsis3
    inner join int_icu_stay as stays using (stay_id)
    inner join int_hour_grid as grid using (stay_id)
    inner join (
        select
            stay_id as worst_stay_id,
            hr,
            respiration_24h,
            coagulation_24h,
            liver_24h,
            cardiovascular_24h,
            cns_24h,
            renal_24h
        from sofa_hourly
    ) as worst on stay_id = worst.worst_stay_id and sepsis3.sofa_at = grid.grid_start + worst.hr * interval '1 hour'
    where sepsis3.is_sepsis3
) as sepsis
