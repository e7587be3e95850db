"""The section "Negative controls": its tables, figure and words, from the controls' rows as they are shown."""
