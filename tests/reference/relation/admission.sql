-- every hospital admission, with or without an ICU stay
stg_mimic__admissions as admissions
inner join stg_mimic__patients as patients using (subject_id)
left join int_comorbidity as comorbidities using (hadm_id)
