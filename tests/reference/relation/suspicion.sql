-- suspicions by the antibiotics of mimic-code's list
(select * from int_suspected_infection where is_listed) as suspicions
