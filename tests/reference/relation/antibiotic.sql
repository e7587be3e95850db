-- prescriptions of the antibiotics of mimic-code's list; those of the list beside it are none
(select * from int_antibiotic where is_listed) as antibiotics
