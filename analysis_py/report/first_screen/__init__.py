"""What the first screen of page and terminal holds, from the rows as they are shown."""
