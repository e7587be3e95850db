"""Statistics of the study, on finished marts: DataFrames in, small frozen results out."""
