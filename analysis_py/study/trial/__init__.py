"""The question as the trial that it stands for: its tables, its designs, what they rest on; from marts to rows."""
