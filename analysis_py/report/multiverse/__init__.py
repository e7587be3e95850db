"""The multiverse on paper: its folder, curve, table, words, and its section of the page."""
