"""Faults on purpose: is each seen by a test? `python -m tests.mutants`."""
