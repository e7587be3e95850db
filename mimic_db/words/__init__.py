"""What a database says that no seed of the study knows: `python -m mimic_db check --words`."""
