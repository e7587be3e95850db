"""Our tables against results of mimic-code: `python -m tests.reference.compare`."""
