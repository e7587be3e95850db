"""Rows of results as people read them: tables, figures, page, documents, terminal."""
