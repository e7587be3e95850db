"""Rows of results as tables of texts, by what they show."""
