"""Which analyses are made of which variables: from the marts to rows of results. variables.py is their one list."""
