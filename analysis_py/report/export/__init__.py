"""The cohort and the trial as files for one's own work: tables, what their columns mean, an analysis in R."""
