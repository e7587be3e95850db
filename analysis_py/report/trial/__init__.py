"""The section "As the trial it stands for": its tables, figures and words, from the trial's rows as they are shown."""
