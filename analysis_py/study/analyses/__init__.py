"""One analysis of the study per file: a cohort goes in, rows of results come out."""
