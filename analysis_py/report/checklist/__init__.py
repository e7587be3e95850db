"""The reporting checklist, by the sections of STROBE."""
