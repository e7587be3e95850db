/*
Grain       one row per rule, in the order of section 2.2
Definition  how many ICU stays each rule of eligibility_rules() leaves out of those that passed the rules before it
Source      Figure 1 of Huang 2024
*/
{{ flow_of(ref('cohort_eligibility'), eligibility_rules()) }}
