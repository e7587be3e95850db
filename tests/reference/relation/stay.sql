-- everything with one row per ICU stay
int_icu_stay as stays
left join stg_mimic__admissions as admissions using (hadm_id)
left join int_first_day_gcs as gcs using (stay_id)
left join int_first_day_lab as labs using (stay_id)
left join int_first_day_sofa as sofa using (stay_id)
left join int_first_day_urine as urine using (stay_id)
left join int_first_day_vital as vitals using (stay_id)
left join int_first_day_weight as weights using (stay_id)
left join int_saps2 as saps2 using (stay_id)
