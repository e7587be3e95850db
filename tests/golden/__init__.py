"""A whole study against what R makes of the same files: `python -m tests.golden FOLDER`."""
