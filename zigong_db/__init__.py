"""The Zigong critical care database: its files, its tables, its load."""
