"""The plan of the Zigong patients as rows of its files, one theme per file."""
