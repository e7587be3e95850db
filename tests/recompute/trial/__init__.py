"""The target trial computed a second time, patient by patient and moment by moment, from the raw tables."""
