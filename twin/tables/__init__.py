"""The plan as rows of MIMIC-IV, one theme of charting per file."""
