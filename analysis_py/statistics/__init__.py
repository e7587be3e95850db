"""The statistics: pure functions on data frames, equal to R, that know no column of the study."""
