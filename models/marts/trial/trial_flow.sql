/*
Grain       one row per rule
Definition  how many ICU stays each rule of trial_rules() leaves out of those that passed the rules before it
Source      docs/DECISIONS.md, trial
*/
{{ flow_of(ref('trial_eligibility'), trial_rules()) }}
